"""Searches of Snakemake that take N² steps for N outputs of a rule."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
import snakemake.api
from snakemake.io import IOFile

from epyflow.run.snakemake_costs import search_outputs_less

# Modules that import each other: they cannot be imported one by one.
DAG, Scripts, Rule = snakemake.dag.DAG, snakemake.dag.ScriptProcessor, snakemake.rules.Rule
OutputIndex = snakemake.output_index.OutputIndex


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore Snakemake's own searches at the end of each test: other tests run workflows."""
    shortened = {Rule: ("is_producer", "get_wildcards"), Scripts: ("process_job",)}
    for kind, names in {**shortened, DAG: ("handle_temp", "in_until")}.items():
        for name in names:
            monkeypatch.setattr(kind, name, getattr(kind, name))
    monkeypatch.setattr(snakemake.dag, "OutputIndex", OutputIndex)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace Snakemake's searches by records of their names, and shorten them."""
    names: list[str] = []
    searches = {"process_job": Scripts, "handle_temp": DAG, "in_until": DAG}
    for name, kind in searches.items():
        assert callable(getattr(kind, name)), "this Snakemake has another search"

        def search(*_: Any, name: str = name) -> Any:
            names.append(name)
            return asyncio.sleep(0) if name == "handle_temp" else True

        monkeypatch.setattr(kind, name, search)
    search_outputs_less()
    return names


class StandIn:
    """An object with any attributes."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class RuleOf:
    """A rule with outputs; Snakemake's searches find them in its method ``products``."""

    def __init__(self, *outputs: str) -> None:
        self.wildcard_names = {"run"}
        self.outputs = [IOFile(each, rule=None) for each in outputs]

    def products(self) -> list[Any]:
        return self.outputs

    def is_producer(self, file: str) -> bool:
        return bool(Rule.is_producer(self, file))

    def get_wildcard_len(self, wildcards: dict[str, str]) -> int:
        return sum(map(len, wildcards.values()))

    def check_wildcards(self, wildcards: dict[str, str] | None) -> None:
        assert wildcards is not None


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the outputs that are compared."""
    names: list[str] = []
    kind = type(IOFile("a", rule=None))
    match = kind.match
    monkeypatch.setattr(kind, "match", lambda self, file: names.append(self) or match(self, file))
    return names


def producers(rules: list[RuleOf], files: Iterable[str]) -> list[Any]:
    """Return for each file the positions and wildcards of the rules that produce it."""
    index = snakemake.dag.OutputIndex(rules)
    found = [(file, rule) for file in files for rule in index.match_producers(file)]
    return sorted((file, rules.index(rule), Rule.get_wildcards(rule, file)) for file, rule in found)


def test_a_shortened_search_finds_the_same_rules_and_wildcards(matched):
    rules = [
        RuleOf("r/{run}/in_1", "r/{run}/in_2", "r/{run}/z/in_2"),
        RuleOf("r/{run}/{log}", "r/{run}/y/{log}"),
        RuleOf("plain", "r/plain"),
        RuleOf("r/{run,[^/]+}.txt", "{run,k/.*/c}.txt"),
    ]
    files = (
        "r/a.txt",
        "k/b/c.txt",
        "r/x/in_1",
        "r/x/y/in_2",
        "r/x/z/in_2",
        "r/x/log",
        "plain",
        "x/plain",
        "r/x/in_3",
        "r",
    )

    expected = producers(rules, files)
    search_outputs_less()

    assert len(expected) > len(files)
    assert producers(rules, files) == producers(rules, files) == expected
    assert Rule.get_wildcards(rules[0], None) == {}


def test_only_outputs_of_the_name_of_a_file_are_compared(matched):
    rule = RuleOf(*(f"r/{{run}}/in_{i}" for i in range(20)), "r/{run}/{log}")
    search_outputs_less()

    found = producers([rule], [f"r/x/in_{i}" for i in range(20)])

    assert len(found) == 20
    assert len(matched) <= 4 * 20


def test_a_second_workflow_of_a_process_shortens_nothing_twice():
    search_outputs_less()
    once = (Rule.is_producer, Rule.get_wildcards, Scripts.process_job, DAG.handle_temp)
    search_outputs_less()

    assert (Rule.is_producer, Rule.get_wildcards, Scripts.process_job, DAG.handle_temp) == once
    assert producers([RuleOf("r/{run}/a")], ["r/x/a"]) == [("r/x/a", 0, {"run": "x"})]


@pytest.mark.parametrize(
    ("own", "near", "group", "searches"),
    [
        (set(), set(), False, 0),
        ({"own"}, set(), False, 1),
        (set(), {"near"}, False, 1),
        (set(), set(), True, 1),
    ],
)
def test_temporary_files_are_searched_for_where_a_job_has_some(
    searched, own, near, group, searches
):
    job, before = StandIn(temp_output=own, is_group=lambda: group), StandIn(temp_output=near)
    graph = StandIn(dependencies={job: {before: {"input"}}})

    asyncio.run(DAG.handle_temp(graph, job))

    assert len(searched) == searches


@pytest.mark.parametrize(
    ("rules", "files", "searches"), [(set(), set(), 0), ({"a"}, set(), 1), (set(), {"b"}, 1)]
)
def test_jobs_are_searched_for_where_until_names_some(searched, rules, files, searches):
    graph = StandIn(untilrules=rules, untilfiles=files)

    found = DAG.in_until(graph, StandIn())

    assert len(searched) == searches
    assert found is bool(searches)


@pytest.mark.parametrize(("script", "searches"), [("run.py", 2), ("run_{i}.py", 4)])
def test_a_script_is_read_once_for_the_jobs_of_its_rule(searched, script, searches):
    scripts = StandIn(script_type="script")

    for name in ("first", "first", "second", "second"):
        Scripts.process_job(scripts, StandIn(rule=StandIn(name=name, script=script)))

    assert len(searched) == searches
