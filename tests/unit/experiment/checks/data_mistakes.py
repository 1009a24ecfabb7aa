"""Mistakes in the output, in data files and in rates: what the checks say of each."""

from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
    TOP_FRACTION,
)

MINIMUM = "parameters.seasonality_min"

# Each: the experiment, what is changed, the key of the problem, and parts of its message.
MISTAKES = {
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
}
