"""Begin a Snakemake job: its log, in the format that the settings name, and its memory."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from epyflow.logs import log_to
from epyflow.run.plan import read_plan


@contextmanager
def log_job(job: Any) -> Iterator[None]:
    """Log a job while the block runs; see :func:`epyflow.logs.log_to`.

    Parameters
    ----------
    job
        The object ``snakemake`` of its script. With ``log_format: json``, messages have the fields
        ``exp_id``, ``run_id``, ``rule``, and those of a task ``task`` (its number), ``population``
        and ``location`` (its ISO code or None), too.
    """
    search_less_for_garbage()
    structured = job.config.get("log_format") == "json"
    with log_to(job.log[0], _fields(job) if structured else None):
        yield


def search_less_for_garbage() -> None:
    """Search neither all that was imported for garbage, nor after each 700 new objects.

    A process of a run lives for seconds, and a third of them were such searches. A figure is
    garbage that only a search finds: it has some 50,000 objects.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 2)


def _fields(job: Any) -> dict[str, Any]:
    plan = read_plan(job.config["plan"])
    run_id = job.wildcards.get("run_id", plan.run_id)
    fields = {"exp_id": plan.exp_id, "run_id": run_id, "rule": job.rule}
    if (number := job.wildcards.get("i")) is None:
        return fields
    population = plan.of_run(run_id).population_of(int(number))
    return fields | {
        "task": int(number),
        "population": population.name,
        "location": population.location,
    }
