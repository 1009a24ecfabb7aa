"""Mistakes in the modelset section: what the checks of an experiment say of each."""

from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
)

MINIMUM = "parameters.seasonality_min"

# Each: the experiment, what is changed, the key of the problem, and parts of its message.
MISTAKES = {
    # Samplers.
    "nothing draws it": (
        SAMPLING,
        [("modelset.sampling.samplers.0.parameters", ["gamma"])],
        "modelset.sampling.parameters.sigma",
        ["no sampler draws sigma", "expected it in exactly one of samplers"],
    ),
    "two draw it": (
        SAMPLING,
        [("modelset.sampling.samplers.1.parameters.end", "gamma")],
        "modelset.sampling.parameters.gamma",
        ["two samplers draw it", "expected it in exactly one of samplers"],
    ),
    "nothing draws the compartment": (
        SAMPLING,
        [("modelset.sampling.samplers.1.compartments", ["I"])],
        "modelset.sampling.compartments.A",
        ["no sampler draws A"],
    ),
    "nothing draws the start": (
        SAMPLING,
        [("modelset.sampling.samplers.1.parameters", ["R0", "seasonality_min"])],
        "modelset.sampling.start_date",
        ["no sampler draws start_date"],
    ),
    "sampler of an unknown parameter": (
        SAMPLING,
        [("modelset.sampling.samplers.0.parameters.1", "sgima")],
        "modelset.sampling.samplers[0].parameters[1]",
        ["unknown sampled parameter 'sgima'", "did you mean sigma"],
    ),
    "sampler of an unknown compartment": (
        SAMPLING,
        [("modelset.sampling.samplers.1.compartments.1", "beta")],
        "modelset.sampling.samplers[1].compartments[1]",
        ["unknown sampled compartment 'beta'", "expected one of I, A"],
    ),
    "grid of a distribution": (
        SAMPLING,
        [("modelset.sampling.samplers.0.parameters.1", "R0")],
        "modelset.sampling.samplers[0].parameters[1]",
        ["grid draws R0", "expected sampling.parameters.R0.values"],
    ),
    "draws of values": (
        SAMPLING,
        [("modelset.sampling.samplers.1.parameters.0", "gamma")],
        "modelset.sampling.samplers[1].parameters[0]",
        ["LHS draws gamma", "expected sampling.parameters.gamma.distribution"],
    ),
    "grid of the start": (
        SAMPLING,
        [("modelset.sampling.samplers.0.parameters.1", "start_date")],
        "modelset.sampling.samplers[0].parameters[1]",
        ["start_date is in a grid", "expected it in a sampler that draws"],
    ),
    "shares of more than all": (
        SAMPLING,
        [
            ("modelset.sampling.compartments.I", {"min": 0.6, "max": 0.7}),
            ("modelset.sampling.compartments.A", {"min": 0.5, "max": 0.7}),
        ],
        "modelset.sampling.compartments",
        ["add up to 1.1 of the population", "expected at most 1"],
    ),
    "start after the end": (
        SAMPLING,
        [("modelset.sampling.start_date.distribution.args", [0, 300])],
        "modelset.sampling.start_date.distribution",
        # randint leaves out its upper end.
        ["299 days after 2024-10-01", "past timespan.end_date 2025-05-31", "expected a narrower"],
    ),
    "season that can be negative": (
        SAMPLING,
        [(f"modelset.sampling.{MINIMUM}.distribution.args", [-0.1, 0.4])],
        f"modelset.sampling.{MINIMUM}.distribution",
        ["drawn down to -0.1", "expected 0 or more"],
    ),
    "too many members": (
        SAMPLING,
        # 2 populations x 2 x 3 grid points x 100,000 draws.
        [("modelset.sampling.samplers.1.n_samples", 100_000)],
        "modelset.sampling.samplers",
        ["1,200,000 members in 2 population(s)", "expected at most 1,000,000"],
    ),
    # Calibration.
    "start past the window": (
        CALIBRATION,
        [("modelset.calibration.start_date.prior.args", [0, 134])],
        "modelset.calibration.start_date.prior",
        # 2025-01-11 is 132 days after 2024-09-01; the prior reaches 133.
        ["133 days after 2024-09-01", "fitting window that ends on 2025-01-11", "expected a narr"],
    ),
    "unknown series to compare": (
        CALIBRATION,
        [("modelset.calibration.comparison.0.simulation", ["I_to_H"])],
        "modelset.calibration.comparison[0].simulation[0]",
        ["unknown transition series 'I_to_H'", "did you mean I_to_H_65+ or I_to_H_0-64"],
    ),
    "compartment series to compare": (
        CALIBRATION,
        [("modelset.calibration.comparison.0.simulation", ["H_total"])],
        "modelset.calibration.comparison[0].simulation[0]",
        ["unknown transition series 'H_total'"],
    ),
    "window past the end": (
        CALIBRATION,
        [("modelset.calibration.fitting_window.end_date", "2025-06-01")],
        "modelset.calibration.fitting_window.end_date",
        ["2025-06-01 is after timespan.end_date 2025-05-31", "expected a day that is simulated"],
    ),
    "window before the start": (
        REJECTION,
        [("model.timespan.start_date", "2025-02-01")],
        "modelset.calibration.fitting_window.end_date",
        ["2025-01-11 is before timespan.start_date 2025-02-01", "expected a day that is simul"],
    ),
    "negative shares": (
        CALIBRATION,
        [("modelset.calibration.compartments.I.prior", {"type": "scipy", "name": "norm"})],
        "modelset.calibration.compartments.I.prior",
        ["reaches down to -inf", "expected persons (1 or more) or shares"],
    ),
    "negative persons": (
        CALIBRATION,
        [("modelset.calibration.compartments.I.prior.args", [-10, 500])],
        "modelset.calibration.compartments.I.prior",
        ["args [-10.0, 500.0]", "reaches down to -10", "expected persons"],
    ),
    "kernel of nothing calibrated": (
        CALIBRATION,
        [("modelset.calibration.strategy.options.perturbations", {"beta": "discrete"})],
        "modelset.calibration.strategy.options.perturbations.beta",
        ["unknown calibrated quantity 'beta'", "expected one of Rt, mu, I, start_date"],
    ),
    "projection of no generation": (
        CALIBRATION,
        [("modelset.calibration.projection.generation_number", 3)],
        "modelset.calibration.projection.generation_number",
        ["there is no generation 3", "expected 0 to 2"],
    ),
    # Populations.
    "no population": (
        SIR,
        [("model.population.name", GONE)],
        "model.population",
        ["no population", "expected population.name here or population_names in a modelset"],
    ),
    "two populations that disagree": (
        SAMPLING,
        [("model.population.name", "US-MA")],
        "modelset.population_names",
        ["disagrees with model.population.name 'US-MA'", "expected only one of the two"],
    ),
    # What a beginner writes.
    "school closure with dates": (
        SAMPLING,
        [
            (
                "model.interventions",
                [{"type": "school_closure", "scaling_factor": 0.2, "end_date": "2025-01-01"}],
            )
        ],
        "model.interventions[0]",
        ["school_closure has no end_date", "type: contact_matrix"],
    ),
    # Functions of the user's own.
    "missing function": (
        CALIBRATION,
        [("modelset.calibration.parameters.mu.prior.name", "my_piror")],
        "modelset.calibration.parameters.mu.prior.name",
        ["defines 'my_piror'", "did you mean my_prior", "expected one that does"],
    ),
    "unknown kernel": (
        CALIBRATION,
        [("modelset.calibration.strategy.options.perturbations.Rt", "gaussian")],
        "modelset.calibration.strategy.options.perturbations.Rt",
        ["'gaussian'", "expected", "continuous", "discrete"],
    ),
}
