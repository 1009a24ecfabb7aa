"""Reduce what Snakemake spends at its start and on rules with many outputs.

What is replaced here is private to Snakemake: a version without it is left as it is. For a rule
that writes the inputs of N tasks, each search that is shortened would be one in N files for each
of N jobs: 13 of the 23 CPU-seconds of a dry run with 5,000 tasks.
"""

import sys
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
    """Let Snakemake look up outputs without wildcards, and search for files only if it has to."""
    from snakemake.dag import DAG, ScriptProcessor
    from snakemake.rules import Rule

    shortened = (
        *((Rule, _is_producer), (ScriptProcessor, _process_job)),
        *((DAG, _handle_temp), (DAG, _in_until)),
    )
    for kind, make in shortened:
        name = make.__name__.removeprefix("_")
        if (original := getattr(kind, name, None)) is not None:
            setattr(kind, name, make(original))


def _is_producer(original: Any) -> Any:
    """Whether a rule produces a file: a rule without wildcards produces the files that it names."""
    names = {}

    def is_producer(self: Any, requested_output: str) -> Any:
        if self.wildcard_names:
            return original(self, requested_output)
        if self not in names:
            names[self] = frozenset(map(str, self.products()))
        return requested_output in names[self]

    return is_producer


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
