"""Every check across keys, sections and files: where, what is wrong, what is expected."""

import gzip

import pytest

from epyflow.errors import InvalidExperimentError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.samples import (
    ADMISSIONS,
    ALL,
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
    TOP_FRACTION,
    changed,
    inspected,
    messages,
    write_data,
    write_sections,
)

MIRROR = {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta*phi"}
DOSES = {"type": "vaccination", "source": "S", "target": "S_vax"}
MINIMUM = "parameters.seasonality_min"
STRENGTH = "parameters.contact_intervention_strength"

# Each: the experiment, what is changed, the key of the problem, and parts of its message.
CASES = {
    # Names within the basemodel.
    "compartment id twice": (
        SIR,
        [("model.compartments.2.id", "I"), ("model.transitions.1.target", "S")],
        "model.compartments[2].id",
        ["'I' is used twice", "expected another"],
    ),
    "contact interventions stronger than written": (
        SAMPLING,
        [
            ("model.parameters.contact_intervention_strength", {"type": "sampled"}),
            ("model.interventions", [{"type": "school_closure", "scaling_factor": 0.3}]),
            (f"modelset.sampling.{STRENGTH}", {"values": [0, 2]}),
            ("modelset.sampling.samplers.0.parameters.end", "contact_intervention_strength"),
        ],
        f"modelset.sampling.{STRENGTH}.values",
        "is drawn from 0 to 2; expected 0 (no interventions on contacts) to 1",
    ),
    "unknown source": (
        SIR,
        [("model.transitions.0.source", "X")],
        "model.transitions[0].source",
        ["unknown compartment 'X'", "expected one of S, I, R"],
    ),
    "unknown target": (
        SIR,
        [("model.transitions.0.target", "Rr")],
        "model.transitions[0].target",
        ["unknown compartment 'Rr'", "did you mean R?"],
    ),
    "unknown mediator": (
        SIR,
        [("model.transitions.0.mediator", "beta")],
        "model.transitions[0].mediator",
        ["unknown compartment 'beta'"],
    ),
    "unknown mediating compartment": (
        SAMPLING,
        [("model.transitions.0.mediators.1.source.0", "X")],
        "model.transitions[0].mediators[1].source[0]",
        ["unknown compartment 'X'"],
    ),
    "transition to itself": (
        SIR,
        [("model.transitions.1.target", "I")],
        "model.transitions[1].target",
        ["source and target are both 'I'", "expected another compartment"],
    ),
    "unknown parameter in a rate": (
        SIR,
        [("model.transitions.1.rate", "mu*betta")],
        "model.transitions[1].rate",
        ["unknown parameter 'betta'", "did you mean beta?"],
    ),
    "unknown parameter in a term": (
        SAMPLING,
        [("model.transitions.0.mediators.1.rate", "gama")],
        "model.transitions[0].mediators[1].rate",
        ["unknown parameter 'gama'", "did you mean gamma"],
    ),
    "eigenvalue in a rate": (
        SIR,
        [("model.transitions.1.rate", "mu/eigenvalue")],
        "model.transitions[1].rate",
        ["unknown parameter 'eigenvalue'"],
    ),
    "negative rate": (
        SIR,
        [("model.transitions.1.rate", "1-2")],
        "model.transitions[1].rate",
        ["the rate 1-2 is negative", "expected 0 or more"],
    ),
    "rate without a value": (
        SIR,
        [("model.transitions.1.rate", "1/0")],
        "model.transitions[1].rate",
        ["'1/0' cannot be computed", "expected a finite number"],
    ),
    "number that cannot be computed": (
        SIR,
        [("model.parameters.mu.value", "1/0")],
        "model.parameters.mu.value",
        ["'1/0' cannot be computed: float division by zero; expected a finite number"],
    ),
    "power with a caret": (
        SIR,
        [("model.transitions.1.rate", "mu^2")],
        "model.transitions[1].rate",
        ["'mu^2' is not allowed in an expression; expected ** for a power instead of ^"],
    ),
    "number in quotes": (
        SIR,
        [("model.simulation.n_sims", "20")],
        "model.simulation.n_sims",
        ["'20' is not a whole number; expected a whole number: write 20 without quotation marks"],
    ),
    "whole number with an exponent": (
        SIR,
        [("model.simulation.n_sims", 1e3)],
        "model.simulation.n_sims",
        ["1000.0 is not a whole number; expected a whole number: write 1000"],
    ),
    "parameter as a number": (
        SIR,
        [("model.parameters.mu", 0.4)],
        "model.parameters.mu",
        ["0.4 is not a parameter; expected, for example, {type: scalar, value: 0.4}"],
    ),
    "en dash in an age group": (
        SIR,
        [("model.population.age_groups.1", "18–64")],
        "model.population.age_groups",
        ["is not understood", "is an en dash; write '-'"],
    ),
    "typographic quotation marks": (
        SIR,
        [("model.population.age_groups.0", "“0-17”")],
        "model.population.age_groups",
        ["is not understood", "is a typographic quotation mark; write '\"'"],
    ),
    "en dash in a date": (
        SIR,
        [("model.timespan.start_date", "2024–10–01")],
        "model.timespan.start_date",
        ["'2024–10–01' is not a date", "is an en dash; write '-'", "expected"],
    ),
    **{
        f"frequency {frequency}": (
            SIR,
            [("model.simulation.resample_frequency", frequency)],
            "model.simulation.resample_frequency",
            [f"'{frequency}' is not a period of whole days", "expected D or longer"],
        )
        for frequency in ("ns", "h", "36h", "0D", "-1D", "-1W", "bh")
    },
    **{
        f"frequency {frequency}": (
            SIR,
            [("model.simulation.resample_frequency", frequency)],
            "model.simulation.resample_frequency",
            [f"'{frequency}' is too long; expected at most 10,000"],
        )
        for frequency in ("10001D", "99999999999D", "99999999MS")
    },
    "populations in one text": (
        SAMPLING,
        [("modelset.population_names", "US-MA, US-NY")],
        "modelset.population_names",
        ["there is no population", "several are written as a list, [US-MA, US-NY]"],
    ),
    **{
        f"values up to {most}": (
            SAMPLING,
            [("modelset.sampling.parameters.R0.distribution.kwargs.scale", most)],
            "modelset.sampling.parameters.R0.distribution",
            ["norm with ", "expected numbers of at most 1e+10"],
        )
        for most in (1e11, 1e12)
    },
    **{
        f"draws of {name} beyond every limit": (
            SAMPLING,
            [
                (
                    "modelset.sampling.parameters.R0.distribution",
                    {"name": name, "args": [argument]},
                )
            ],
            "modelset.sampling.parameters.R0.distribution",
            [f"gives numbers beyond {most} with a probability of {probability}; expected one of"],
        )
        for name, argument, most, probability in (
            ("lognorm", 50, "1e+10", 0.32),  # P(Z > ln 1e10 / 50 = 0.46)
            ("pareto", 0.05, "1e+10", 0.32),  # 1e10 ** -0.05
            ("zipf", 1.01, "1e+06", 0.87),  # 1e6 ** -0.01 / (0.01 zeta(1.01))
        )
    },
    "more draws than a distribution with a long tail has below the limit": (
        SAMPLING,
        [
            ("modelset.sampling.parameters.R0.distribution", {"name": "zipf", "args": [1.5]}),
            ("modelset.sampling.samplers.1.n_samples", 10_000),
        ],
        "modelset.sampling.parameters.R0.distribution",
        ["beyond 1e+06 with a probability of 0.00077, of 10,000 draws about 8; expected fewer"],
    ),
    "unknown parameter in a calculated one": (
        SIR,
        [("model.parameters.beta.value", "R_0*mu")],
        "model.parameters.beta.value",
        ["unknown parameter 'R_0'", "did you mean R0?"],
    ),
    "circle of calculated parameters": (
        SIR,
        [
            ("model.parameters.mu", {"type": "calculated", "value": "beta*2"}),
            ("model.parameters.beta.value", "R0*mu/eigenvalue"),
        ],
        "model.parameters.mu.value",
        ["mu -> beta -> mu", "expected one of them to be given"],
    ),
    "age-varying parameter of another length": (
        SIR,
        [("model.parameters.phi.values", [1, 2])],
        "model.parameters.phi.values",
        ["2 values for 3 age groups", "expected one for each of 0-17, 18-64, 65+"],
    ),
    # Initial conditions.
    "initial condition of another length": (
        SIR,
        [("model.compartments.2.init", [0.1, 0.2])],
        "model.compartments[2].init",
        ["2 values for 3 age groups", "expected one for each of 0-17, 18-64, 65+"],
    ),
    "no default": (
        SIR,
        [("model.compartments.0.init", GONE)],
        "model.compartments",
        ["no compartment has init: default", "expected one that takes the remainder"],
    ),
    # Vaccination.
    "doses that move nobody": (
        CALIBRATION,
        [("model.transitions.1", GONE)],
        "model.vaccination",
        ["no transition uses the doses", "expected one with type: vaccination"],
    ),
    "transition without doses": (
        CALIBRATION,
        [("model.vaccination", GONE)],
        "model.transitions[1].type",
        ["without doses", "expected a vaccination section"],
    ),
    "vaccination from elsewhere": (
        CALIBRATION,
        [("model.transitions.1.source", "I")],
        "model.transitions[1].source",
        ["has the source 'I'", "expected vaccination.origin_compartment 'S'"],
    ),
    "two vaccinations": (
        CALIBRATION,
        [("model.transitions.end", DOSES)],
        "model.transitions[4].type",
        ["a second vaccination transition", "expected one"],
    ),
    "unknown origin": (
        CALIBRATION,
        [
            ("model.vaccination.origin_compartment", "X"),
            ("model.vaccination.eligible_compartments", ["X"]),
        ],
        "model.vaccination.origin_compartment",
        ["unknown compartment 'X'"],
    ),
    "unknown eligible compartment": (
        CALIBRATION,
        [("model.vaccination.eligible_compartments.1", "X")],
        "model.vaccination.eligible_compartments[1]",
        ["unknown compartment 'X'"],
    ),
    "origin not eligible": (
        CALIBRATION,
        [("model.vaccination.eligible_compartments", ["I"])],
        "model.vaccination",
        ["does not contain origin_compartment 'S'", "expected it there"],
    ),
    "eligible twice": (
        CALIBRATION,
        [("model.vaccination.eligible_compartments", ["S", "S"])],
        "model.vaccination",
        ["names 'S' twice"],
    ),
    "no data of doses": (
        REJECTION,
        [("model.vaccination.preprocessed_vaccination_data_path", GONE)],
        "model.vaccination",
        ["neither of scenario_data_path and preprocessed", "expected exactly one"],
    ),
    "two kinds of data of doses": (
        REJECTION,
        [("model.vaccination.scenario_data_path", "common-data/coverage.csv.gz")],
        "model.vaccination",
        ["both of scenario_data_path and preprocessed", "expected exactly one"],
    ),
    "unknown scenario": (
        CALIBRATION,
        [("model.vaccination.scenario", "C_B")],
        "model.vaccination.scenario",
        ["unknown scenario 'C_B'", "expected one of A_B, C_D"],
    ),
    "no scenario where there are several": (
        CALIBRATION,
        [("model.vaccination.scenario", GONE)],
        "model.vaccination.scenario_data_path",
        ["several columns of coverage", "expected scenario: one of A_B, C_D"],
    ),
    # Seasons and interventions.
    "season of an unknown parameter": (
        SAMPLING,
        [("model.seasonality.target_parameter", "bета")],
        "model.seasonality.target_parameter",
        ["cannot name a parameter"],
    ),
    "season of a missing parameter": (
        SAMPLING,
        [("model.seasonality.target_parameter", "betta")],
        "model.seasonality.target_parameter",
        ["unknown parameter 'betta'", "did you mean beta?"],
    ),
    "intervention on a missing parameter": (
        SIR,
        [("model.interventions.0.target_parameter", "S")],
        "model.interventions[0].target_parameter",
        ["unknown parameter 'S'", "expected one of R0, mu, phi, beta"],
    ),
    "two school closures": (
        SIR,
        [("model.interventions.end", {"type": "school_closure", "scaling_factor": 1})],
        "model.interventions[4]",
        ["a second school_closure", "expected at most one"],
    ),
    # What is left open and what is given.
    "sampled parameter that nothing gives": (
        SAMPLING,
        [("model.parameters.extra", {"type": "sampled"})],
        "model.parameters.extra",
        [
            "is sampled, but the modelset does not define it",
            "expected modelset.sampling.parameters.extra",
        ],
    ),
    "sampled compartment that nothing gives": (
        SAMPLING,
        [("model.compartments.1.init", "sampled")],
        "model.compartments[1].init",
        [
            "is sampled, but the modelset does not define it",
            "expected modelset.sampling.compartments.E",
        ],
    ),
    "sampled start that nothing gives": (
        SIR,
        [("model.timespan.start_date", "sampled")],
        "model.timespan.start_date",
        [
            "is sampled, but the modelset does not define it",
            "expected modelset.sampling.start_date",
        ],
    ),
    "calibrated parameter that nothing gives": (
        SAMPLING,
        [("model.parameters.R0", {"type": "calibrated"})],
        "model.parameters.R0",
        ["is calibrated, but the modelset does not", "expected modelset.calibration.parameters.R0"],
    ),
    "given parameter that is not sampled": (
        SAMPLING,
        [("model.parameters.gamma", {"type": "scalar", "value": 1})],
        "modelset.sampling.parameters.gamma",
        ["'gamma' is not sampled in the basemodel", "expected it to be marked sampled"],
    ),
    "given parameter that does not exist": (
        SAMPLING,
        [("modelset.sampling.parameters.gama", {"values": [1]})],
        "modelset.sampling.parameters.gama",
        ["unknown parameter 'gama'", "did you mean gamma"],
    ),
    "given compartment that is not sampled": (
        SAMPLING,
        [("model.compartments.2.init", 5)],
        "modelset.sampling.compartments.I",
        ["'I' is not sampled in the basemodel", "expected it to be marked sampled"],
    ),
    "given compartment that does not exist": (
        SAMPLING,
        [("modelset.sampling.compartments.X", {"min": 0, "max": 1})],
        "modelset.sampling.compartments.X",
        ["unknown compartment 'X'", "expected one of S, E, I, A, R"],
    ),
    "given start that is fixed": (
        SAMPLING,
        [("model.timespan.start_date", "2024-10-01")],
        "modelset.sampling.start_date",
        ["start_date of the basemodel is 2024-10-01", "expected sampled"],
    ),
    "calibrated compartment that is not": (
        CALIBRATION,
        [("model.compartments.2.init", 5)],
        "modelset.calibration.compartments.I",
        ["'I' is not calibrated in the basemodel"],
    ),
    "calibrated start that is fixed": (
        CALIBRATION,
        [("model.timespan.start_date", "2024-09-01")],
        "modelset.calibration.start_date",
        ["expected calibrated"],
    ),
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
    # Output.
    "unknown series of compartments": (
        SIR,
        [("output.trajectories.compartments", ["I_totl"])],
        "output.trajectories.compartments[0]",
        ["unknown compartment series 'I_totl'", "did you mean I_total"],
    ),
    "unknown series of transitions": (
        SIR,
        [("output.quantiles.transitions.1", "I_to_R_65-99")],
        "output.quantiles.transitions[1]",
        ["unknown transition series 'I_to_R_65-99'", "did you mean I_to_R_65+"],
    ),
    "series of the other kind": (
        SIR,
        [("output.quantiles.transitions", ["I_total"])],
        "output.quantiles.transitions[0]",
        ["unknown transition series 'I_total'"],
    ),
    "posteriors without calibration": (
        SIR,
        [("output.posteriors", True)],
        "output.posteriors",
        ["no posterior to write", "expected modelset.calibration"],
    ),
    "posteriors of no generation": (
        CALIBRATION,
        [("output.posteriors.generations", [0, 3])],
        "output.posteriors.generations[1]",
        ["there is no generation 3", "expected 0 to 2"],
    ),
    "posteriors of generations where there is one": (
        REJECTION,
        [("output.posteriors", {"generations": [1]})],
        "output.posteriors.generations[0]",
        ["there is no generation 1", "expected 0 to 0"],
    ),
    "hub file without projection": (
        TOP_FRACTION,
        [("modelset.calibration.projection", GONE)],
        "output.flusmh_format",
        ["needs projections", "expected modelset.calibration.projection"],
    ),
    "hub file without calibration": (
        SIR,
        [("output.covid19_format", {"reference_date": "2025-01-18"})],
        "output.covid19_format",
        ["needs projections", "expected modelset.calibration.projection"],
    ),
    # Data files.
    "missing observations": (
        CALIBRATION,
        [("modelset.calibration.observed_data_path", "common-data/none.csv")],
        "modelset.calibration.observed_data_path",
        ["no file 'common-data/none.csv'", "expected one of"],
    ),
    "observations outside the root": (
        CALIBRATION,
        [("modelset.calibration.observed_data_path", "/etc/passwd")],
        "modelset.calibration.observed_data_path",
        ["outside the experiments' root", "allowed_data_roots"],
    ),
    "missing column of values": (
        CALIBRATION,
        [("modelset.calibration.comparison.0.observed_value_column", "vale")],
        "modelset.calibration.comparison[0].observed_value_column",
        ["has no column 'vale'", "did you mean value?", "expected one of place, date, value"],
    ),
    "missing column of dates": (
        CALIBRATION,
        [("modelset.calibration.comparison.0.observed_date_column", "day")],
        "modelset.calibration.comparison[0].observed_date_column",
        ["has no column 'day'"],
    ),
    "missing column of locations": (
        CALIBRATION,
        [("modelset.calibration.observed_location_column", "state")],
        "modelset.calibration.observed_location_column",
        ["has no column 'state'"],
    ),
    "none of the usual columns of locations": (
        CALIBRATION,
        [("modelset.calibration.observed_location_column", GONE)],
        "modelset.calibration.observed_data_path",
        ["has no column geo_value or location", "expected one of", "observed_location_column"],
    ),
    "missing column of rate trends": (
        CALIBRATION,
        [("output.flusight_format.rate_trends.observed_value_column", "vale")],
        "output.flusight_format.rate_trends.observed_value_column",
        ["has no column 'vale'"],
    ),
    "missing column of doses": (
        REJECTION,
        [("model.population.age_groups", ["0-17", "18+"])],
        "model.vaccination.preprocessed_vaccination_data_path",
        ["has no column '0-17'", "expected one of dates, location, 0-64, 65+"],
    ),
    "coverage that is none": (
        CALIBRATION,
        [("model.vaccination.scenario_data_path", "common-data/admissions.csv")],
        "model.vaccination.scenario_data_path",
        ["has no column 'Geography'"],
    ),
    "date column without dates": (
        CALIBRATION,
        [("modelset.calibration.comparison.0.observed_date_column", "value")],
        "modelset.calibration.comparison[0].observed_date_column",
        [
            "admissions.csv:3: value: ",
            "is not a date; expected YYYY-MM-DD: name date in observed_date_column",
        ],
    ),
    # Rates, for the values that are known.
    "negative parameter": (
        SIR,
        [("model.parameters.mu", {"type": "scalar", "value": -0.2})],
        "model.transitions[1].rate",
        ["the rate mu is negative: -0.2", "see parameters.mu.value"],
    ),
    "calculated parameter without a finite value": (
        SIR,
        [("model.parameters.rest", {"type": "calculated", "value": "log(mu-mu)"})],
        "model.parameters.rest.value",
        ["'log(mu-mu)' cannot be computed", "expected a finite number"],
    ),
    "rate without a finite value": (
        SIR,
        [("model.transitions.1.rate", "1/(mu-mu)")],
        "model.transitions[1].rate",
        ["'1/(mu-mu)' cannot be computed: float division by zero; expected a finite number"],
    ),
    "negative override of a scenario": (
        CALIBRATION,
        [
            (
                "modelset.calibration.projection.scenarios.0.interventions",
                [
                    {
                        "type": "parameter",
                        "target_parameter": "beta",
                        "override_value": -1,
                        "start_date": "2025-02-01",
                        "end_date": "2025-02-28",
                    }
                ],
            )
        ],
        "modelset.calibration.projection.scenarios[0].interventions[0].override_value",
        ["the rate beta is negative for beta = -1: -1; expected 0 or more"],
    ),
    "share in percent": (
        SIR,
        [
            ("model.transitions.1.rate", "mu*(1-p)"),
            ("model.parameters.p", {"type": "age_varying", "values": [0.3, 0.3, 9]}),
        ],
        "model.transitions[1].rate",
        [
            "is negative: -3.2 at age 65+",
            "a share of 30% is written 0.3",
            "see parameters.p.values",
        ],
    ),
    "calculated share in percent": (
        SIR,
        [
            ("model.transitions.1.rate", "mu*rest"),
            ("model.parameters.rest", {"type": "calculated", "value": "1-p"}),
            ("model.parameters.p", {"type": "scalar", "value": 9}),
        ],
        "model.transitions[1].rate",
        ["the rate mu*rest is negative: -3.2; ", "see parameters.p.value"],
    ),
    "grid in percent": (
        SAMPLING,
        [
            (f"modelset.sampling.{MINIMUM}.distribution.args", [2, 3]),
            ("model.transitions.1.rate", "1-seasonality_min"),
        ],
        "model.transitions[1].rate",
        ["is negative: -4", "see parameters.seasonality_min"],
    ),
    "negative override": (
        SIR,
        [
            ("model.interventions.0.scaling_factor", GONE),
            ("model.interventions.0.override_value", -0.5),
        ],
        "model.interventions[0].override_value",
        ["negative for beta = -0.5", "expected 0 or more"],
    ),
    "shares above the whole": (
        SIR,
        [("model.compartments.1.init", 0.6), ("model.compartments.2.init", [0.1, 0.3, 0.5])],
        "model.compartments[1].init",
        ["1.1 times the people of age group 65+", "expected shares that add up to at most 1"],
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


@pytest.mark.parametrize("case", CASES)
def test_a_problem_says_where_what_and_what_is_expected(case, root):
    sample, changes, key, parts = CASES[case]
    _, problems = inspected(root, changed(sample, *changes))

    matching = [problem for problem in problems if problem.key == key]

    assert matching, [str(problem) for problem in problems]
    texts = [problem.message for problem in matching]
    assert any(all(part in text for part in parts) for text in texts), texts
    for problem in problems:
        assert problem.severity == "warning" or "expected" in problem.message
        assert str(problem).startswith(f"{problem.file}:{problem.line}: {problem.key}: ")
        assert problem.file.read_text(encoding="utf-8").count("\n") >= problem.line


@pytest.mark.parametrize("case", CASES)
def test_a_problem_is_at_the_line_of_its_key(case, root):
    sample, changes, key, _ = CASES[case]
    _, problems = inspected(root, changed(sample, *changes))

    problem = next(problem for problem in problems if problem.key == key)

    line = problem.file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    last = key.rpartition(".")[2]
    assert "[" in last or last in line


SUSCEPTIBLE_AND_IMMUNE = [{"id": "S", "init": "default"}, {"id": "R", "init": 0.3}]
LATENT = {"type": "spontaneous", "source": "E", "target": "I", "rate": "mu"}
IMPORTED = {"type": "spontaneous", "source": "S", "target": "I", "rate": 1e-6}

WARNINGS = {
    "persons in parts": (
        SIR,
        [("model.compartments.1.init", 1.5)],
        "model.compartments[1].init",
        "1.5 is a number of persons, since it is not below 1, and is rounded; expected a whole "
        "number of persons, or a share: 1.5% is written 0.015",
    ),
    "shares and persons in a list": (
        SIR,
        [("model.compartments.2.init", [0.25, 30, 0.1])],
        "model.compartments[2].init",
        "0.25 is a share of its age group, but 30 is a number of persons; expected only shares",
    ),
    **{
        f"nobody who infects, with {init}": (
            SIR,
            [("model.compartments.1", {"id": "I", "init": init})],
            "model.compartments[1]",
            "nobody is in I at the start, and only infected people get there: nobody is ever "
            "infected; expected a number of persons as init, such as 10",
        )
        for init in (0, [0, 0, 0])
    },
    "people who are immune only, and several who would infect": (
        SIR,
        [
            ("model.compartments", [{"id": "A"}, {"id": "I"}, *SUSCEPTIBLE_AND_IMMUNE]),
            (
                "model.transitions.0",
                {
                    "type": "multi_mediated",
                    "source": "S",
                    "target": "I",
                    "mediators": [{"rate": "beta*phi", "source": ["I", "A"]}],
                },
            ),
        ],
        "model.compartments[0]",
        "nobody is in A or I at the start",
    ),
    "days in place of a rate": (
        SIR,
        [("model.parameters.mu", {"type": "scalar", "value": 30})],
        "model.transitions[1].rate",
        "the rate mu is 30 per day, so that people stay for 48 minutes; expected a rate per day: "
        "for a stay of 30 days, write 1/30",
    ),
    "a rate in numbers": (
        SIR,
        [("model.transitions.1.rate", 36)],
        "model.transitions[1].rate",
        "the rate is 36 per day, so that people stay for 40 minutes",
    ),
    "the postal code of a state": (
        SIR,
        [("model.population.name", "CA")],
        "model.population.name",
        "CA is the country Canada; write US-CA for California, or Canada if you mean the country",
    ),
    "factor in percent": (
        SIR,
        [("model.interventions.0.scaling_factor", 60)],
        "model.interventions[0].scaling_factor",
        "multiplies by 60; expected at most 10. If 60% is meant, write 0.6",
    ),
    "season in percent": (
        SAMPLING,
        [("model.seasonality.max_value", 100)],
        "model.seasonality.max_value",
        "multiplies by 100; expected at most 10",
    ),
    "rate that can become negative": (
        SAMPLING,
        [
            (f"modelset.sampling.{MINIMUM}.distribution.args", [0.5, 1]),
            ("model.transitions.1.rate", "1-seasonality_min"),
        ],
        "model.transitions[1].rate",
        "the rate 1-seasonality_min can become negative: -0.5",
    ),
    "unused parameter": (
        SIR,
        [("model.parameters.extra", {"type": "scalar", "value": 1})],
        "model.parameters.extra",
        "no rate or calculated parameter uses it",
    ),
    "intervention on an unused parameter": (
        SIR,
        [
            ("model.parameters.extra", {"type": "scalar", "value": 1}),
            ("model.interventions.0.target_parameter", "extra"),
        ],
        "model.interventions[0].target_parameter",
        "no rate or calculated parameter uses 'extra'; this has no effect",
    ),
    "season of an unused parameter": (
        SAMPLING,
        [
            ("model.parameters.extra", {"type": "scalar", "value": 1}),
            ("model.seasonality.target_parameter", "extra"),
        ],
        "model.seasonality.target_parameter",
        "no rate or calculated parameter uses 'extra'; this has no effect",
    ),
    "intervention before the start": (
        SIR,
        [
            ("model.interventions.0.start_date", "2024-01-01"),
            ("model.interventions.0.end_date", "2024-09-30"),
        ],
        "model.interventions[0]",
        "is outside the timespan and has no effect",
    ),
    "intervention after the end": (
        SIR,
        [
            ("model.interventions.2.start_date", "2025-04-01"),
            ("model.interventions.2.end_date", "2025-04-02"),
        ],
        "model.interventions[2]",
        "is outside the timespan and has no effect",
    ),
    "the same transition twice": (
        SIR,
        [("model.transitions.end", MIRROR)],
        "model.transitions[2]",
        "is in the list twice; the two rates are added",
    ),
    "the same intervention twice": (
        SIR,
        [("model.interventions.end", SIR["model"]["interventions"][2])],
        "model.interventions[4]",
        "is in the list twice; it acts twice",
    ),
    "the same comparison twice": (
        CALIBRATION,
        [
            (
                "modelset.calibration.comparison.end",
                CALIBRATION["modelset"]["calibration"]["comparison"][0],
            )
        ],
        "modelset.calibration.comparison[1]",
        "is in the list twice; it is counted twice",
    ),
    "draws that are no power of 2": (
        SAMPLING,
        [
            ("modelset.sampling.samplers.1.strategy", "sobol"),
            ("modelset.sampling.samplers.1.n_samples", 12),
        ],
        "modelset.sampling.samplers[1].n_samples",
        "12 is not a power of 2",
    ),
    "season whose minimum may exceed its maximum": (
        SAMPLING,
        [(f"modelset.sampling.{MINIMUM}.distribution.args", [0.5, 0.6])],
        f"modelset.sampling.{MINIMUM}.distribution",
        "drawn up to 1.1, above seasonality.max_value 1; expected less",
    ),
    "season whose listed minimum exceeds its maximum": (
        SAMPLING,
        [
            (f"modelset.sampling.{MINIMUM}", {"values": [0.5, 1.5]}),
            ("modelset.sampling.samplers.0.parameters.end", "seasonality_min"),
            ("modelset.sampling.samplers.1.parameters", ["R0", "start_date"]),
        ],
        f"modelset.sampling.{MINIMUM}.values",
        "drawn up to 1.5, above seasonality.max_value 1",
    ),
    "fixed seasonality_min": (
        SAMPLING,
        [
            ("model.parameters.seasonality_min", {"type": "scalar", "value": 0.5}),
            ("modelset.sampling.parameters.seasonality_min", GONE),
            ("modelset.sampling.samplers.1.parameters", ["R0", "start_date"]),
        ],
        "model.parameters.seasonality_min",
        "has no effect on seasonality; expected it sampled or calibrated",
    ),
    "normal prior of a rate that may be negative": (
        REJECTION,
        [("modelset.calibration.parameters.beta.prior", {"name": "norm", "args": [1, 1]})],
        "model.transitions[0].rate",
        "the rate beta can become negative: -1.32635",
    ),
    "start without an upper bound": (
        CALIBRATION,
        [
            (
                "modelset.calibration.start_date.prior",
                {"type": "scipy", "name": "expon", "args": [0, 9]},
            ),
            ("modelset.calibration.strategy.options.perturbations", GONE),
        ],
        "modelset.calibration.start_date.prior",
        "has no upper bound and can start past the fitting window that ends on 2025-01-11",
    ),
    "share without an upper bound": (
        CALIBRATION,
        [("modelset.calibration.compartments.I.prior", {"type": "scipy", "name": "expon"})],
        "modelset.calibration.compartments.I.prior",
        "reaches from 0 without limit, across 1: a drawn value below 1 is that share of every age "
        "group, one of 1 or more that number of persons",
    ),
    "shares and persons in one prior": (
        CALIBRATION,
        [("modelset.calibration.compartments.I.prior.args", [0.5, 99.5])],
        "modelset.calibration.compartments.I.prior",
        "reaches from 0.5 to 100, across 1",
    ),
    "shares and a single person in one prior": (
        CALIBRATION,
        [("modelset.calibration.compartments.I.prior.args", [0.5, 1.0])],
        "modelset.calibration.compartments.I.prior",
        "reaches from 0.5 to 1.5, across 1",
    ),
    "persons that are hardly ever below 0": (
        CALIBRATION,
        [
            (
                "modelset.calibration.compartments.I.prior",
                {"type": "scipy", "name": "norm", "args": [6.2, 1.0]},
            )
        ],
        "modelset.calibration.compartments.I.prior",
        "reaches from 0 without limit, across 1",
    ),
    "shares and persons in one range": (
        SAMPLING,
        [("modelset.sampling.compartments.I", {"min": 0, "max": 50})],
        "modelset.sampling.compartments.I",
        "reaches from 0 to 50, across 1",
    ),
    "a scenario of doses without scenarios": (
        REJECTION,
        [("model.vaccination.scenario", "A_B")],
        "model.vaccination.scenario",
        "has no effect: common-data/doses.csv has no column scenario; expected no scenario",
    ),
    "a start date with both spellings of its law": (
        SAMPLING,
        [
            (
                "modelset.sampling.start_date.prior",
                {"type": "scipy", "name": "randint", "args": [0, 9]},
            )
        ],
        "modelset.sampling.start_date.prior",
        "has no effect beside distribution; expected only one of them",
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_probably_not_meant_is_a_warning_and_no_error(case, root):
    sample, changes, key, part = WARNINGS[case]

    experiment, problems = inspected(root, changed(sample, *changes))

    assert experiment is not None, [str(problem) for problem in problems]
    assert {problem.severity for problem in problems} == {"warning"}
    (problem,) = [problem for problem in problems if problem.key == key]
    assert part in problem.message
    assert f"{key}: warning: " in str(problem)
    assert experiment.warnings == tuple(problems)


@pytest.mark.parametrize(
    ("compartments", "more"),
    [
        ([{"id": "S"}, {"id": "I"}, {"id": "R"}], []),  # placed by default
        ([{"id": "I"}, {"id": "E", "init": 5}, *SUSCEPTIBLE_AND_IMMUNE], [LATENT]),
        ([{"id": "I", "init": 0}, *SUSCEPTIBLE_AND_IMMUNE], [IMPORTED]),
        ([{"id": "I", "init": "default"}, *SUSCEPTIBLE_AND_IMMUNE], []),
    ],
    ids=["default", "latent", "imported", "remainder"],
)
def test_people_who_come_to_infect_are_not_missed(root, compartments, more):
    transitions = [*SIR["model"]["transitions"], *more]
    changes = ("model.compartments", compartments), ("model.transitions", transitions)

    _, problems = inspected(root, changed(SIR, *changes))

    assert problems == []


@pytest.mark.parametrize("name", ALL)
def test_a_valid_experiment_has_no_warnings(name, root):
    _, problems = inspected(root, ALL[name])

    assert problems == []


def test_a_parameter_and_a_compartment_of_one_name_may_both_be_sampled(root):
    experiment, problems = inspected(
        root,
        changed(
            SAMPLING,
            ("model.parameters.I", {"type": "sampled"}),
            ("model.transitions.4.rate", "I"),
            ("modelset.sampling.parameters.I", {"values": [0.5, 0.6]}),
            ("modelset.sampling.samplers.0.parameters.end", "I"),
        ),
    )

    assert problems == []
    assert experiment is not None


def test_a_parameter_and_a_compartment_of_one_name_may_not_both_be_calibrated(root):
    prior = {"prior": {"type": "scipy", "name": "uniform"}}

    found = messages(
        root,
        CALIBRATION,
        ("model.parameters.I", {"type": "calibrated"}),
        ("model.transitions.3.rate", "mu*I"),
        ("modelset.calibration.parameters.I", prior),
    )

    assert found == [
        "modelset.calibration.compartments.I: 'I' is a calibrated parameter too; expected "
        "different names"
    ]


def test_a_grid_of_a_billion_points_is_refused_at_once(root):
    values = [i / 1000 for i in range(1000)]

    found = messages(
        root,
        SAMPLING,
        ("modelset.sampling.parameters.gamma.values", values),
        ("modelset.sampling.parameters.sigma.values", values),
        ("modelset.sampling.samplers.1.n_samples", 1000),
    )

    assert found == [
        "modelset.sampling.samplers: 2,000,000,000 members in 2 population(s); expected at most "
        "1,000,000: shorten the grid's values or replace the grid by LHS with n_samples"
    ]


def test_all_problems_are_reported_at_once(root):
    found = messages(
        root,
        SAMPLING,
        ("model.transitions.1.source", "X"),
        ("model.parameters.beta.value", "R_0"),
        ("modelset.population_names.0", "US-XX"),
        ("modelset.sampling.samplers.1.parameters.0", "R_0"),
        ("output.quantiles.compartments.0", "Q_total"),
    )

    assert len(found) >= 5


def test_load_raises_every_error_and_no_warning(root):
    sections = changed(
        SIR,
        ("model.transitions.0.source", "X"),
        ("model.parameters.extra", {"type": "scalar", "value": 1}),
        ("model.transitions.1.rate", -1),
    )

    with pytest.raises(InvalidExperimentError) as caught:
        load(locate(write_sections(root, sections)))

    assert len(caught.value.problems) == len(str(caught.value).splitlines()) == 2


# Data files that are not what they are said to be.


@pytest.fixture
def own_root(tmp_path):
    write_data(tmp_path)
    return tmp_path


def observations(own_root, content, name="own.csv"):
    (own_root / "common-data" / name).write_bytes(content)
    path = f"common-data/{name}"
    return messages(own_root, CALIBRATION, ("modelset.calibration.observed_data_path", path))


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        (b"", "own.csv", "is empty; expected a CSV file with a header"),
        (b"\xff\xfe", "own.csv", "is not a CSV file"),
        (b"x" * 3_000_000, "own.csv", "a row of more than 1,000,000 characters"),
        (b"a," * 20_001, "own.csv", "more than 20,000 columns"),
        (b"place,date,value\n", "own.csv.gz", "is not a gzipped CSV file: Not a gzipped file"),
        (gzip.compress(b"place,date,value\n" * 99)[:15], "own.csv.gz", "is not a gzipped CSV file"),
        (gzip.compress(b"place\n")[:10] + b"\xff" * 30, "own.csv.gz", "is not a gzipped CSV file"),
        (gzip.compress(b"x" * 50_000_000), "own.csv.gz", "a row of more than 1,000,000"),
    ],
    # Not the bytes: gzip writes the second in, and every test process has to find the same tests.
    ids=(
        *("nothing", "no text", "no line", "columns without end"),
        *("not packed", "cut off", "damaged", "swells without a line"),
    ),
)
def test_a_file_that_is_no_table_is_refused(own_root, content, name, what):
    found = observations(own_root, content, name)

    (message,) = [each for each in found if "observed_data_path" in each]
    assert message.startswith("modelset.calibration.observed_data_path: ")
    assert what in message
    assert "expected" in message


def test_a_table_may_be_gzipped_and_have_a_byte_order_mark(own_root):
    content = gzip.compress(b"\xef\xbb\xbf" + ADMISSIONS.encode())

    assert observations(own_root, content, "own.csv.gz") == []


def test_a_table_that_may_not_be_read_is_refused(own_root, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("forecast_hub.limited_files.gzip.open", refuse)

    (message,) = messages(own_root, CALIBRATION)
    assert message.startswith("model.vaccination.scenario_data_path: ")
    assert message.endswith("coverage.csv.gz cannot be read: Permission denied")


@pytest.mark.parametrize("scenario", ["A_B", "any text"])
def test_a_scenario_beside_the_one_column_coverage_is_a_warning(own_root, scenario):
    header = "Geography,Age,Population,Week_Ending_Sat,Coverage\n"
    (own_root / "common-data" / "plain.csv").write_text(header)

    found = messages(
        own_root,
        REJECTION,
        ("model.vaccination.preprocessed_vaccination_data_path", GONE),
        ("model.vaccination.scenario_data_path", "common-data/plain.csv"),
        ("model.vaccination.scenario", scenario),
    )

    assert found == [
        "model.vaccination.scenario: warning: has no effect: common-data/plain.csv has the one "
        "column Coverage; expected no scenario"
    ]


def test_scenarios_are_recognised_as_by_the_reader_of_coverage():
    from epyflow.data import coverage
    from epyflow.experiment.checks import data_files

    assert data_files._SCENARIO.pattern == coverage._SCENARIO.pattern


# Modules of functions.


def test_a_module_that_is_no_python_is_named_with_its_line(own_root):
    path = own_root / "experiments" / "sample" / "functions" / "broken.py"
    path.write_text("x = 1\ndef f(:\n", encoding="utf-8")

    (message,) = messages(own_root, CALIBRATION)

    assert f"{path}:2: is not a Python module" in message


def test_a_function_that_two_modules_define_is_refused(own_root):
    functions = own_root / "experiments" / "sample" / "functions"
    (functions / "more.py").write_text("def my_prior():\n    pass\n", encoding="utf-8")

    (message,) = messages(own_root, CALIBRATION)

    assert "mine.py and more.py" in message
    assert "define 'my_prior'; expected it in one of them" in message


def test_checks_end_after_200_errors_and_say_so(root):
    names = [f"nowhere {number}" for number in range(300)]

    experiment, problems = inspected(root, changed(SIR, ("modelset", {"population_names": names})))

    assert experiment is None
    assert len(problems) == 201
    assert all("there is no population" in each.message for each in problems[:-1])
    assert str(problems[-1]).endswith(
        "more than 200 errors; correct those that are listed, then check again"
    )
    assert problems[-1].file == problems[0].file.parent
