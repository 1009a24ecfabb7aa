import base64
import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_executor_plugins.executors.real import RealExecutor
from snakemake_interface_executor_plugins.utils import TargetSpec
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

from executor_fakes import task
from snakemake_executor_plugin_googlebatch_array import runner
from snakemake_executor_plugin_googlebatch_array.arguments import split_arguments
from snakemake_executor_plugin_googlebatch_array.commands import (
    commands_of,
    frame_of,
    job_arguments,
)

ARCHIVE = SimpleNamespace(query="gs://bucket/x/sources.tar.xz", checksum="abc")
DEPLOY = "python -m snakemake --deploy-sources gs://bucket/x/sources.tar.xz abc  "


def job(*, group=False, value="1", temporary=()):
    return SimpleNamespace(
        rules=["one"],
        attempt=2,
        jobid="uuid",
        is_updated=False,
        is_group=lambda: group,
        get_target_spec=lambda: [TargetSpec("one", {"i": value})],
        temporary=temporary,
    )


def executor(precommand="", deploy=DEPLOY, archive=ARCHIVE, storage="", used=(), installed=()):
    workflow = SimpleNamespace(
        storage_registry=SimpleNamespace(_storages=dict(enumerate(used))),
        storage_provider_settings=dict.fromkeys(installed),
        remote_execution_settings=SimpleNamespace(precommand=precommand),
        source_archive=archive,
        dag=SimpleNamespace(get_unneeded_temp_files=lambda job: job.temporary),
    )
    before = " && ".join(filter(None, [precommand, deploy]))
    workflow.spawned_job_args_factory = SimpleNamespace(
        precommand=lambda executor_common_settings: before
    )
    made = SimpleNamespace(workflow=workflow, cores="all", common_settings=None, dag=workflow.dag)
    made.get_job_args = lambda job: RealExecutor.get_job_args(made, job)
    start = f"{before} && " if before else ""
    made.format_job_exec = lambda job: (
        f"{start}python -m snakemake --snakefile 'Snakefile' {made.get_job_args(job)} "
        f"--force {storage}--config 'a=1' --mode 'remote'"
    )
    return made


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("temporary", [(), ("a.txt", "b.txt")])
def test_the_arguments_of_a_job_are_those_of_snakemakes_executor(group, temporary):
    made = executor()
    one = job(group=group, temporary=temporary)

    assert list(job_arguments(made, one)) == shlex.split(RealExecutor.get_job_args(made, one))


def test_a_value_with_quotes_and_dollars_is_passed_as_it_is():
    arguments = job_arguments(executor(), job(value="it's $(id)"))

    assert arguments[:2] == ("--target-jobs", "one:i=it's $(id)")


def test_a_command_is_taken_apart_into_frame_and_job():
    frame = frame_of(executor(), job())

    assert frame.setup == ""
    assert frame.before == ("python", "-m", "snakemake", "--snakefile", "Snakefile")
    assert frame.after == ("--force", "--config", "a=1", "--mode", "remote")
    assert frame.deploy[-3:] == ("--deploy-sources", "gs://bucket/x/sources.tar.xz", "abc")
    assert frame.sources == {"bucket": "bucket", "object": "x/sources.tar.xz", "sha256": "abc"}


def test_options_of_storage_plugins_that_no_file_is_in_do_not_reach_the_worker():
    """Two plugins are installed, of which the name of one begins with that of the other."""
    registry = StoragePluginRegistry()
    classes = {name: registry.get_plugin(name).storage_provider for name in ("gcs", "gcs-indexed")}
    own = {
        "gcs": "--storage-gcs-project 'p' --storage-gcs-retries 3 ",
        "gcs-indexed": "--storage-gcs-indexed-project 'p' --storage-gcs-indexed-retries 3 ",
    }
    deploy = f"python -m snakemake --deploy-sources gs://b/x.tar.xz abc {''.join(own.values())} "
    for used, kept in own.items():
        provider = object.__new__(classes[used])
        made = executor(
            deploy=deploy, storage="".join(own.values()), used=[provider], installed=classes
        )

        frame = frame_of(made, job())

        options = split_arguments(kept)
        assert list(frame.after) == ["--force", *options, "--config", "a=1", "--mode", "remote"]
        assert frame.deploy[-6:] == ("gs://b/x.tar.xz", "abc", *options)


def test_the_users_precommand_is_kept_as_shell_code():
    frame = frame_of(executor("module load x && true"), job())

    assert frame.setup == "module load x && true"
    assert frame.deploy[0] == "python"
    assert frame.before[0] == "python"


def test_without_sources_to_deploy_there_is_nothing_to_fetch():
    frame = frame_of(executor(deploy=""), job())

    assert frame.deploy == ()
    assert frame.sources is None


def test_sources_outside_cloud_storage_are_left_to_snakemake():
    archive = SimpleNamespace(query="s3://bucket/sources.tar.xz", checksum="abc")

    assert frame_of(executor(archive=archive), job()).sources is None


def test_the_runner_gets_the_commands_back():
    frame = frame_of(executor(), job())
    tasks = [task(0), task(1)]

    commands = commands_of(frame, tasks, "p", {"bucket": "b", "folder": "f"}, 300)

    common = runner.decode(commands.common["SMK_COMMAND"])
    for each, own in zip(tasks, commands.own, strict=True):
        rest = runner.decode(own["SMK_TASK_ARGS"])
        whole = [*common["head"], *rest, *common["tail"]]
        assert whole == [*frame.before, *each.arguments, *frame.after]
    assert [own["SMK_TASK_KEY"] for own in commands.own] == ["target0.key0", "target1.key1"]
    assert common["log"] == {"bucket": "b", "folder": "f"}


def test_the_runner_travels_whole():
    frame = frame_of(executor(), job())

    sent = commands_of(frame, [task()], None, None, 0).common["SMK_RUNNER"]

    assert base64.b64decode(sent) == Path(runner.__file__).read_bytes()


def test_values_hold_nothing_that_a_shell_or_a_template_reads():
    frame = frame_of(executor("echo $(id) `id`"), job())

    commands = commands_of(frame, [task()], None, None, 0)

    for name, value in {**commands.common, **commands.own[0]}.items():
        assert name == "SMK_TASK_KEY" or json.dumps(value).isascii()
        assert not set(value) & set("$`'\"{}\\ \n")


def test_a_command_that_linux_cannot_pass_is_refused():
    large = task()
    large.arguments = ("x" * 200_000,)

    with pytest.raises(ValueError, match="group-components"):
        commands_of(frame_of(executor(), job()), [large, task(1)], None, None, 0)
