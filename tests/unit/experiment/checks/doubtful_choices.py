"""Choices that are probably not meant: what the checks of an experiment warn of."""

from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
)

MIRROR = {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta*phi"}
MINIMUM = "parameters.seasonality_min"

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
