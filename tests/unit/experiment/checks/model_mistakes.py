"""Mistakes in the model section: what the checks of an experiment say of each."""

from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
)

DOSES = {"type": "vaccination", "source": "S", "target": "S_vax"}
STRENGTH = "parameters.contact_intervention_strength"

# Each: the experiment, what is changed, the key of the problem, and parts of its message.
MISTAKES = {
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
}
