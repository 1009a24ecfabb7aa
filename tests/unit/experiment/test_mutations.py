"""Valid experiments with one change: refused with a message that names it, or provably valid.

Proof that a changed experiment is valid is stated in :mod:`tests.unit.experiment.proof`. Any
exception that is not the package's own ends a test, and so would a traceback a user's command.
"""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epyflow.experiment.experiment import canonical_json
from epyflow.experiment.load import inspect
from epyflow.experiment.reading import documents, yaml_source
from epyflow.experiment.reading.experiment_files import locate
from epyflow.experiment.reading.yaml_source import read
from tests.unit.experiment.mutants import KINDS, Mutant, key_of, places, replaced
from tests.unit.experiment.proof import faults
from tests.unit.experiment.samples import ALL, inspected, write_sections

REQUIRED = 300

SHARED_EXPERIMENTS = ("sir_standalone", "seir_sampling", "flu_2425_smoke")


class EventsOfLibyaml(yaml_source._Loader):
    """The loader of experiments, for text that a dumper wrote: its events come from libyaml."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        events = yaml.cyaml.CParser(text)
        self.check_event, self.peek_event = events.check_event, events.peek_event
        self.get_event = events.get_event

    def compose_scalar_node(self, anchor):
        node = super().compose_scalar_node(anchor)
        node.style = node.style or None
        return node


@pytest.fixture(autouse=True)
def quick_reading(monkeypatch):
    """Reading YAML takes most of the time, and a mutant changes one file of three."""
    known = {}

    def read_once(path):
        key = path, path.read_bytes()
        if key not in known:
            known[key] = read(path)
        return known[key]

    monkeypatch.setattr(documents, "read", read_once)
    if yaml.__with_libyaml__:
        monkeypatch.setattr(yaml_source, "_Loader", EventsOfLibyaml)


def verdict(mutant: Mutant, root: Path) -> str | None:
    """Return what is wrong with the answer to a mutant; None if it is as it should be."""
    experiment, problems = inspected(root, mutant.sections)
    errors = [problem for problem in problems if problem.severity == "error"]
    if experiment is None:
        if not errors:
            return "refused without an error"
        if any(word in str(error) for error in errors for word in mutant.words):
            return None
        return f"no message names {mutant.words}: {[str(error) for error in errors]}"
    if errors:
        return "accepted with an error"
    return "; ".join(faults(mutant.sections, experiment)) or None


def wrong_answers(mutants: list[Mutant], root: Path) -> list[str]:
    answers = [(mutant, verdict(mutant, root)) for mutant in mutants]
    return [f"{mutant}: {answer}" for mutant, answer in answers if answer is not None]


@pytest.mark.parametrize("name", ALL)
def test_the_samples_are_valid_and_read_as_they_are_written(name, root):
    experiment, problems = inspected(root, ALL[name])

    assert [problem for problem in problems if problem.severity == "error"] == []
    assert experiment is not None
    assert faults(ALL[name], experiment) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
def test_a_mutant_is_refused_by_name_or_provably_valid(name, kind, root):
    mutants = list(KINDS[kind](ALL[name]))

    assert mutants
    assert wrong_answers(mutants, root) == []


def test_there_are_enough_mutants():
    counts = {
        kind: sum(len(list(make(sections))) for sections in ALL.values())
        for kind, make in KINDS.items()
    }

    assert sum(counts.values()) >= REQUIRED
    assert min(counts.values()) >= 50


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.sampled_from(["beta", "S", "1/2", "all", "default", "sampled", "calibrated", "US-NY"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_value_in_any_place_is_refused_by_name_or_provably_valid(data, root):
    sections = ALL[data.draw(st.sampled_from(sorted(ALL)))]
    location = data.draw(st.sampled_from(list(places(sections))))
    mutant = replaced(sections, location, data.draw(values))

    assert verdict(mutant, root) is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_of_two_mistakes_in_different_keys_neither_hides_in_a_traceback(data, root):
    sections = deepcopy(ALL[data.draw(st.sampled_from(sorted(ALL)))])
    locations = list(places(sections))
    first, second = data.draw(st.tuples(st.sampled_from(locations), st.sampled_from(locations)))
    changed = replaced(sections, first, data.draw(values)).sections
    if second in set(places(changed)):
        changed = replaced(changed, second, data.draw(values)).sections

    experiment, problems = inspected(root, changed)

    assert (experiment is None) == any(problem.severity == "error" for problem in problems)


@pytest.mark.parametrize("name", ALL)
def test_what_was_read_and_written_again_is_the_same_experiment(name, root, tmp_path):
    experiment, _ = inspected(root, ALL[name])
    assert experiment is not None
    again = {
        role: section.model_dump(mode="json")
        for role, section in (
            ("model", experiment.model),
            ("modelset", experiment.modelset),
            ("output", experiment.output),
        )
        if section is not None
    }

    second, problems = inspected(root, again)

    assert problems == list(experiment.warnings)
    assert second is not None
    assert canonical_json(second.model) == canonical_json(experiment.model)
    assert canonical_json(second.modelset) == canonical_json(experiment.modelset)
    assert canonical_json(second.output) == canonical_json(experiment.output)


@pytest.mark.shared
@pytest.mark.parametrize("name", SHARED_EXPERIMENTS)
def test_real_experiments_with_a_key_dropped_or_misspelt_are_refused_or_provably_valid(
    name, shared, tmp_path
):
    config = shared / "experiments" / name / "config"
    sections: dict[str, object] = {}
    for path in config.glob("*.yaml"):
        sections |= yaml.safe_load(path.read_text(encoding="utf-8"))
    for folder in ("data", "common-data"):
        if (shared / folder).is_dir():
            (tmp_path / folder).symlink_to(shared / folder)
    mutants = [*KINDS["dropped"](sections), *KINDS["misspelt"](sections)][::4]

    wrong = []
    for mutant in mutants:
        answer = verdict_in(mutant, tmp_path, shared)
        wrong += [f"{mutant}: {answer}"] if answer else []

    assert wrong == []


def verdict_in(mutant: Mutant, root: Path, data: Path) -> str | None:
    folder = write_sections(root, mutant.sections)
    experiment, problems = inspect(locate(folder, allowed=(data,)))
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if experiment is not None:
        return "; ".join(faults(mutant.sections, experiment)) or None
    named = any(word in error for error in errors for word in mutant.words)
    return None if named else f"no message names {key_of(mutant.location)}: {errors}"
