"""Searches of Snakemake that take N² steps for N outputs of a rule."""

import asyncio
from typing import Any

import pytest
import snakemake.api

from epyflow.run.snakemake_costs import search_outputs_less

# Modules that import each other: they cannot be imported one by one.
DAG, Scripts, Rule = snakemake.dag.DAG, snakemake.dag.ScriptProcessor, snakemake.rules.Rule


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace Snakemake's searches by records of their names, and shorten them."""
    names: list[str] = []
    searches = {"is_producer": Rule, "process_job": Scripts, "handle_temp": DAG, "in_until": DAG}
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


@pytest.mark.parametrize(("wildcards", "searches"), [(set(), 0), ({"i"}, 3)])
def test_outputs_of_a_rule_without_wildcards_are_looked_up(searched, wildcards, searches):
    rule = StandIn(wildcard_names=wildcards, products=lambda: iter(["in_1", "in_2", "log"]))

    found = [Rule.is_producer(rule, name) for name in ("in_2", "log", "in_3")]

    assert len(searched) == searches
    assert found == [True, True, bool(wildcards)]


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
