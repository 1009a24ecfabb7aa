"""Reduce what Snakemake spends at its start and on rules with many outputs.

What is replaced here is private to Snakemake: a version without it is left as it is. For a rule
that writes the inputs of N tasks, each search that is shortened would be one in N files for each
of N jobs: 13 of the 23 CPU-seconds of a dry run with 5,000 tasks.
"""

import sys
from collections.abc import Iterable
from operator import itemgetter
from typing import Any


def compare_without_pandas() -> None:
    """Let Snakemake import pandas for its comparison only if a parameter can be a table.

    It imports pandas wherever that is installed, which takes a seventh of a start. A parameter can
    be a table of pandas only if pandas has been imported. Where a job of the process runs a script,
    Snakemake imports pandas for that, too.
    """
    from snakemake.persistence import PersistenceBase

    compared = getattr(PersistenceBase, "_serialize_param_pandas", None)
    if compared is None:
        return

    def serialize(self: Any, value: Any) -> Any:
        return (compared if "pandas" in sys.modules else plain)(self, value)

    plain = PersistenceBase._serialize_param_builtin
    PersistenceBase._serialize_param_pandas = serialize


def search_outputs_less() -> None:
    """Let Snakemake look up outputs by their names, and search for files only if it has to."""
    from snakemake import dag
    from snakemake.dag import DAG, ScriptProcessor
    from snakemake.rules import Rule

    if hasattr(dag, "OutputIndex"):
        dag.OutputIndex = _OutputIndex
    shortened = (
        *((Rule, "is_producer", _search_outputs), (Rule, "get_wildcards", _search_outputs)),
        *((ScriptProcessor, "process_job", _process_job), (DAG, "handle_temp", _handle_temp)),
        (DAG, "in_until", _in_until),
    )
    for kind, name, make in shortened:
        original = getattr(kind, name, None)
        # A second workflow of the process finds what is shortened already.
        if original is not None and original.__module__ != __name__:
            setattr(kind, name, make(original))


class _OutputIndex:
    """The rules by the names of their outputs: Snakemake's own knows the start of each path."""

    def __init__(self, rules: Iterable[Any]) -> None:
        self._rules: dict[str | None, set[Any]] = {}
        for rule in rules:
            for name in _outputs_by_name(rule):
                self._rules.setdefault(name, set()).add(rule)

    def match_producers(self, targetfile: str) -> set[Any]:
        """Return the rules that produce a file."""
        near = self._rules.get(_name_of(targetfile), set()) | self._rules.get(None, set())
        return {rule for rule in near if rule.is_producer(targetfile)}


def _search_outputs(original: Any) -> Any:
    """Search the outputs that end in the name of the file, and those whose name has wildcards."""

    def search(self: Any, requested_output: Any, *arguments: Any, **others: Any) -> Any:
        if requested_output is None:
            return original(self, requested_output, *arguments, **others)
        names = _outputs_by_name(self)
        found = (*names.get(_name_of(requested_output), ()), *names.get(None, ()))
        # Hides the method of the class, which lists all outputs.
        self.products = lambda: (output for _, output in sorted(found, key=itemgetter(0)))
        try:
            return original(self, requested_output, *arguments, **others)
        finally:
            del self.products

    return search


def _outputs_by_name(rule: Any) -> dict[str | None, list[tuple[int, Any]]]:
    """Group outputs with their positions by the last part of their paths; None with wildcards.

    A wildcard's constraint may hold a slash, so its end tells: ``{sample,[^/]+}.txt``.
    """
    # Kept with the rule: rules of two workflows may be equal, and their logs differ.
    names: dict[str | None, list[tuple[int, Any]]] = vars(rule).setdefault("outputs_by_name", {})
    for position, output in enumerate(() if names else rule.products()):
        name = _name_of(output)
        names.setdefault(None if "}" in name else name, []).append((position, output))
    return names


def _name_of(path: Any) -> str:
    return str(path).rpartition("/")[2]


def _process_job(original: Any) -> Any:
    """Read the script of a job, to see that it is there: one without wildcards once for a rule."""

    def process_job(self: Any, job: Any) -> None:
        rules = vars(self).setdefault("rules_with_scripts", set())
        if job.rule.name not in rules:
            original(self, job)
            if "{" not in str(getattr(job.rule, self.script_type)):
                rules.add(job.rule.name)

    return process_job


def _handle_temp(original: Any) -> Any:
    """Remove the temporary files of a job and its dependencies, if there are any."""

    async def handle_temp(self: Any, job: Any) -> None:
        if job.is_group() or any(near.temp_output for near in (job, *self.dependencies[job])):
            await original(self, job)

    return handle_temp


def _in_until(original: Any) -> Any:
    """Whether a job is one that ``--until`` names; none is, without that option."""

    def in_until(self: Any, job: Any) -> Any:
        return bool(self.untilrules or self.untilfiles) and original(self, job)

    return in_until
