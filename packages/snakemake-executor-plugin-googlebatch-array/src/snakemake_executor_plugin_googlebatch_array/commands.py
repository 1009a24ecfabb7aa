"""Write the command of a task as data, so that no shell reads text of the Snakefile."""

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from importlib.resources import files
from typing import Any, NamedTuple

from snakemake_interface_executor_plugins.utils import encode_target_jobs_cli_args
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

from .arguments import factor, split_arguments
from .errors import SettingError
from .tasks import Task

BOOTSTRAP = (
    "set -euo pipefail; "
    "folder=$(mktemp -d); "
    'printf %s "$SMK_RUNNER" | base64 -d > "$folder/runner.py"; '
    'exec python "$folder/runner.py"'
)
"""Starts :mod:`runner` in the container; ``exec`` keeps its exit status and its signals."""

LONGEST_VARIABLE = 128 * 1024 - 1
"""Bytes in one environment variable on Linux (MAX_ARG_STRLEN; see execve(2))."""


class Frame(NamedTuple):
    """The part of a command that is the same for all tasks of a run.

    Attributes
    ----------
    setup
        Shell code of the user's ``--precommand``, or nothing.
    deploy
        Snakemake's command that fetches the workflow's sources.
    sources
        Where the archive of the sources is and its SHA-256, if it is in Cloud Storage: the
        runner fetches it with one request, Snakemake needs a start-up and several.
    before, after
        Arguments around those of the task.
    """

    setup: str
    deploy: tuple[str, ...]
    sources: dict[str, str] | None
    before: tuple[str, ...]
    after: tuple[str, ...]


class Commands(NamedTuple):
    """The environment of an array: of all its tasks, and of each."""

    common: dict[str, str]
    own: list[dict[str, str]]


def frame_of(executor: Any, job: Any) -> Frame:
    """Take the command of one job apart.

    Formatting a command takes Snakemake about a millisecond, most of it the same for all jobs;
    done once per run, it does not grow with the number of tasks.

    Raises
    ------
    SettingError
        If the command is not of the form that Snakemake's ``RealExecutor`` gives it.
    """
    workflow = executor.workflow
    factory, common = workflow.spawned_job_args_factory, executor.common_settings
    text, about_job = executor.format_job_exec(job), executor.get_job_args(job)
    before, found, after = text.partition(about_job)
    if not found:
        raise SettingError("Snakemake's command does not contain the arguments of its job.")
    precommand = factory.precommand(executor_common_settings=common)
    if precommand:
        before = before.partition(f"{precommand} &&")[2]
    setup = workflow.remote_execution_settings.precommand or ""
    deploy = precommand.removeprefix(setup).strip().removeprefix("&&")
    unused = options_of_unused_storage(workflow)
    return Frame(
        setup,
        tuple(without_options(split_arguments(deploy), unused)),
        _sources(workflow) if deploy else None,
        tuple(without_options(split_arguments(before), unused)),
        tuple(without_options(split_arguments(after), unused)),
    )


def options_of_unused_storage(workflow: Any) -> frozenset[str]:
    """Return the options of storage plugins that are installed here and that no file is in.

    Snakemake passes the settings of every installed plugin on, and a worker whose image lacks one
    of them refuses its options.
    """
    registry = StoragePluginRegistry()
    # Snakemake has no public list of the providers that a workflow uses.
    used = {type(each) for each in getattr(workflow.storage_registry, "_storages", {}).values()}
    return frozenset(
        plugin.get_cli_arg(each.name)
        for plugin in map(registry.get_plugin, workflow.storage_provider_settings)
        if plugin.settings_cls is not None and plugin.storage_provider not in used
        for each in fields(plugin.settings_cls)
    )


def without_options(arguments: Iterable[str], options: Collection[str]) -> Iterator[str]:
    """Leave options out, with their values."""
    is_left_out = False
    for argument in arguments:
        if argument.startswith("--"):
            is_left_out = argument in options
        if not is_left_out:
            yield argument


def job_arguments(executor: Any, job: Any) -> tuple[str, ...]:
    """Return the arguments about one job: those of ``RealExecutor.get_job_args``, unquoted.

    A test compares the two.
    """
    arguments = ["--target-jobs", *encode_target_jobs_cli_args(job.get_target_spec())]
    arguments += ["--allowed-rules", *sorted(job.rules)]
    if job.is_group():
        arguments += ["--local-groupid", str(job.jobid)]
    arguments += ["--cores", str(executor.cores), "--attempt", str(job.attempt)]
    if not job.is_group():
        arguments.append("--force-use-threads")
    unneeded = [str(path) for path in executor.dag.get_unneeded_temp_files(job)]
    if unneeded:
        arguments += ["--unneeded-temp-files", *unneeded]
    return tuple(arguments)


def commands_of(
    frame: Frame, tasks: Sequence[Task], project: str | None, log: dict[str, str] | None, every: int
) -> Commands:
    """Write the commands of an array into environment variables.

    Parameters
    ----------
    frame
        What all tasks of the run have in common.
    tasks
        The tasks of the array.
    project, log, every
        The project of the runner's requests to Cloud Storage; bucket and folder for the tasks'
        logs, if they are kept; seconds between copies.

    Raises
    ------
    SettingError
        If a command is too long for an environment variable.
    """
    factored = factor([task.arguments for task in tasks])
    command = {
        "setup": frame.setup,
        "deploy": frame.deploy,
        "sources": frame.sources,
        "head": [*frame.before, *factored.head],
        "tail": [*factored.tail, *frame.after],
        "project": project,
        "log": log,
        "interval": every,
    }
    common = {"SMK_RUNNER": _runner(), "SMK_COMMAND": _encode(command)}
    own = [
        {"SMK_TASK_KEY": f"{task.target}.{task.key}", "SMK_TASK_ARGS": _encode(middle)}
        for task, middle in zip(tasks, factored.middles, strict=True)
    ]
    for variables in (common, *own):
        _check_length(variables)
    return Commands(common, own)


def _check_length(variables: dict[str, str]) -> None:
    """Refuse what Linux cannot pass to a process."""
    for name, value in variables.items():
        if len(value) > LONGEST_VARIABLE:
            raise SettingError(
                f"{name} would be {len(value)} bytes; Linux allows {LONGEST_VARIABLE}. Make "
                "groups smaller (--group-components) or pass less by --config."
            )


def _sources(workflow: Any) -> dict[str, str] | None:
    """Return where the archive of the sources is, if it is in Cloud Storage."""
    archive = workflow.source_archive
    scheme, _, path = archive.query.partition("://")
    bucket, _, name = path.partition("/")
    if scheme not in {"gs", "gcs"} or not name:
        return None
    return {"bucket": bucket, "object": name, "sha256": archive.checksum}


def _runner() -> str:
    """Return the runner's source, in base64."""
    source = files(__package__).joinpath("runner.py").read_bytes()
    return base64.b64encode(source).decode()


def _encode(value: Any) -> str:
    """Write a value in a way that no shell and no template changes."""
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
