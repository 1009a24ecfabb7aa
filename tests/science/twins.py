"""Random models, each written twice: for epyflow, and for epydemix by hand.

By hand is what a user of epydemix would write: parameters, expressions, contact layers,
``add_intervention``, ``override_parameter``, transitions. A model's number decides all of it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from epydemix import EpiModel, simulate
from epydemix.population import Population as EpydemixPopulation
from numpy.typing import NDArray

from epyflow.artifacts.task import DailyDoses, Population
from epyflow.model.assembler import Assembler
from epyflow.model.compartmental import CompartmentalModel
from tests.building import compartments, member, people, scalar, sir

START = date(2024, 10, 1)
LAYERS = ("school", "work", "home", "community")
STEPS = (0.2, 0.25, 0.5, 1.0, 1.0, 1.4, 2.0, 7.0)
RATES = ("a", "b", "c", "a * b", "b * (1 - c)", "a * c / (b + 1)", "0.3", "0")


@dataclass
class Twin:
    """A model and its twin.

    Attributes
    ----------
    built
        The model as epyflow builds it.
    written
        The same, by hand.
    options
        What ``epydemix.simulate`` is called with.
    kinds
        What it is made of, to see that all kinds occur.
    """

    built: CompartmentalModel
    written: EpiModel
    options: dict[str, Any]
    kinds: set[str] = field(default_factory=set)

    def simulate_by_hand(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Simulate with epydemix; shapes (T, C, G) and (T, K, G)."""
        done = simulate(self.written, rng=rng, resample_frequency=None, **self.options)
        ages = self.built.age_groups
        return tuple(  # type: ignore[return-value]
            np.stack(
                [
                    np.stack([series[f"{name}_{age}"] for age in ages], axis=1)
                    for name in (self.built.compartments, self.built.transitions)[which]
                ],
                axis=1,
            )
            for which, series in enumerate((done.compartments, done.transitions))
        )


def twin(number: int) -> Twin:
    """Return the model of a number."""
    return _Writer(np.random.default_rng([20250118, number])).write()


class _Writer:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.names = "ABCDEF"[: rng.integers(2, 7)]
        self.groups = int(rng.integers(1, 17))
        self.delta_t = float(rng.choice(STEPS))
        self.end = START + timedelta(days=int(rng.integers(8, 30) * self.delta_t) + 1)
        self.kinds = {f"{self.groups} groups", f"dt {self.delta_t}"}
        self.people = self._people()
        self.parameters = {
            "a": self._rate(),
            "b": self._rate(),
            "c": [float(each) for each in rng.uniform(0, 1, self.groups)],
        }
        self.transitions: list[dict[str, Any]] = []
        self.interventions: list[dict[str, Any]] = []
        self.written = EpiModel(compartments=list(self.names))
        self.changes: dict[str, Any] = {}

    def write(self) -> Twin:
        """Write both."""
        self._write_people()
        for name, value in self.parameters.items():
            self.written.add_parameter(name, np.array([value]) if name == "c" else value)
        for _ in range(self.rng.integers(1, 9)):
            self._add_transition()
        origin, target = self._pair()
        if vaccinated := self.rng.random() < 0.4:
            self.kinds.add("vaccination")
            self.transitions.append({"type": "vaccination", "source": origin, "target": target})
        for _ in range(self.rng.integers(0, 4)):
            self._scale_contacts()
        for name in self.rng.permutation(["a", "b", "c"])[: self.rng.integers(0, 3)]:
            self._change_parameter(str(name))
        built = self._build(origin if vaccinated else None)
        for flow in built.flows:
            if flow.kind == "scheduled":
                doses = flow.values[: built.epydemix_steps]
                self.written.add_transition(
                    origin, target, "scheduled", (doses, list(flow.eligible))
                )
        options = {
            "start_date": str(START),
            "end_date": str(self.end),
            "dt": self.delta_t,
            "initial_conditions_dict": dict(zip(built.compartments, built.initial, strict=True)),
        }
        return Twin(built, self.written, options, self.kinds)

    def _build(self, vaccinated: str | None) -> CompartmentalModel:
        doses = None
        if vaccinated is not None:
            others = [n for n in self.names if n != vaccinated and self.rng.random() < 0.4]
            self.changes["vaccination"] = {
                "origin_compartment": vaccinated,
                "eligible_compartments": [vaccinated, *others],
                "preprocessed_vaccination_data_path": "doses.csv",
            }
            given = self.rng.uniform(0, self.people.sizes / 50, (40, self.groups))
            first = START + timedelta(days=int(self.rng.integers(-5, 10)))
            doses = DailyDoses(first, given)
        model = sir(
            ages=self.people.age_groups,
            start=str(START),
            end=str(self.end),
            delta_t=self.delta_t,
            compartments=self._compartments(),
            transitions=self.transitions,
            parameters={
                "a": scalar(self.parameters["a"]),
                "b": scalar(self.parameters["b"]),
                "c": {"type": "age_varying", "values": self.parameters["c"]},
            },
            interventions=self.interventions,
            **self.changes,
        )
        return Assembler(model, self.people, doses, ()).build(member())

    def _people(self) -> Population:
        sizes = (10 ** self.rng.uniform(1, 8.5, self.groups)).astype(int)
        matrices = {
            layer: self.rng.uniform(0, 3, (self.groups, self.groups))
            * (self.rng.random((self.groups, self.groups)) < 0.8)
            for layer in LAYERS[: self.rng.integers(1, 5)]
        }
        ages = [f"{5 * number}-{5 * number + 4}" for number in range(self.groups - 1)]
        return people(sizes, matrices, [*ages, f"{5 * (self.groups - 1)}+"])

    def _write_people(self) -> None:
        theirs = EpydemixPopulation()
        theirs.add_population(self.people.sizes, list(self.people.age_groups))
        for layer, matrix in self.people.contacts.items():
            theirs.add_contact_matrix(matrix, layer)
        self.written.set_population(theirs)

    def _compartments(self) -> list[dict[str, Any]]:
        inits: dict[str, Any] = dict.fromkeys(self.names)
        for name in self.names[1:]:
            inits[name] = [None, 0.0001, 0.05, 0.15][self.rng.integers(4)]
        inits[self.names[0]] = "default"
        return compartments(**inits)

    def _rate(self) -> float:
        return float(10 ** self.rng.uniform(-4, 0.7))

    def _pair(self) -> tuple[str, str]:
        source, target = self.rng.choice(list(self.names), 2, replace=False)
        return str(source), str(target)

    def _add_transition(self) -> None:
        source, target = self._pair()
        kind = str(self.rng.choice(["spontaneous", "mediated", "multi_mediated"]))
        self.kinds.add(kind)
        ends = {"type": kind, "source": source, "target": target}
        if kind == "spontaneous":
            rate = str(self.rng.choice(RATES))
            self.transitions.append({**ends, "rate": rate})
            self.written.add_transition(source, target, kind, _by_hand(rate))
            return
        terms = [self._term(3), self._term(3)] if kind == "multi_mediated" else [self._term(1)]
        for term in terms:
            for mediator in term["source"]:
                params = (_by_hand(term["rate"]), mediator)
                self.written.add_transition(source, target, "mediated", params)
        if kind == "multi_mediated":
            self.transitions.append({**ends, "mediators": terms})
        else:
            (term,) = terms
            (mediator,) = term["source"]
            self.transitions.append({**ends, "rate": term["rate"], "mediator": mediator})

    def _term(self, most: int) -> dict[str, Any]:
        count = self.rng.integers(1, min(most, len(self.names)) + 1)
        mediators = [str(name) for name in self.rng.choice(list(self.names), count, replace=False)]
        return {"rate": str(self.rng.choice(RATES)), "source": mediators}

    def _window(self) -> tuple[date, date, datetime, datetime]:
        """Return the first and last day, and the moments for epydemix, which takes no days.

        Steps that fall nanoseconds short of midnight belong to the day that begins.
        """
        days = (self.end - START).days
        first = START + timedelta(days=int(self.rng.integers(0, days + 1)))
        last = first + timedelta(days=int(self.rng.integers(0, days + 1)))
        early = timedelta(microseconds=500)
        begin = datetime.combine(first, time()) - early
        return first, last, begin, datetime.combine(last, time()) + timedelta(days=1) - 2 * early

    def _scale_contacts(self) -> None:
        self.kinds.add("contacts scaled")
        layer = str(self.rng.choice(list(self.people.contacts)))
        factor = float(self.rng.uniform(0, 1.5))
        first, last, begin, end = self._window()
        self.interventions.append(
            {
                "type": "contact_matrix",
                "contact_matrix_layer": layer,
                "scaling_factor": factor,
                "start_date": str(first),
                "end_date": str(last),
            }
        )
        self.written.add_intervention(layer, begin, end, reduction_factor=factor)

    def _change_parameter(self, name: str) -> None:
        first, last, begin, end = self._window()
        item = {
            "type": "parameter",
            "target_parameter": name,
            "start_date": str(first),
            "end_date": str(last),
        }
        number = float(self.rng.uniform(0, 1))
        if self.rng.random() < 0.5:
            self.kinds.add("parameter scaled")
            item["scaling_factor"] = number
            value = np.array([self.parameters[name]]) * number
            value = value if name == "c" else float(value[0])
        else:
            self.kinds.add("parameter overridden")
            item["override_value"] = value = number
        self.interventions.append(item)
        self.written.override_parameter(begin, end, name, value)


def _by_hand(rate: str) -> str | float:
    """Return a rate as epydemix takes it: a number is no text."""
    return float(rate) if rate.replace(".", "").isdigit() else rate
