from types import SimpleNamespace

from executor_fakes import FakeJob
from snakemake_executor_plugin_googlebatch_array.commands import Frame
from snakemake_executor_plugin_googlebatch_array.identity import (
    key_of,
    marked_coordinators,
    marker,
    run_label,
    sources_checksum,
    target_of,
    work_checksum,
)

FRAME = Frame("", (), None, ("python", "-m", "snakemake"), ("--config", "a=1", "--verbose"))


def test_a_run_is_its_folder_with_its_prefix_or_has_a_name():
    here = run_label(None, "/here", "gs://b/x")

    assert here == run_label(None, "/here", "gs://b/x")
    assert here != run_label(None, "/there", "gs://b/x")
    assert here != run_label(None, "/here", "gs://b/y")
    assert run_label("main", "/here", "gs://b/x") == run_label("main", "/there", "gs://b/x")


def test_sources_are_compared_by_content_whatever_their_order_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    before = sources_checksum(["a", "b"])
    (tmp_path / "a").write_text("1")

    assert sources_checksum(["b", "a", "b"]) == before
    (tmp_path / "a").write_text("other")
    assert sources_checksum(["a", "b"]) != before


def test_the_order_of_arguments_is_not_part_of_the_work():
    other = FRAME._replace(after=("--verbose", "--config", "a=1"))

    assert work_checksum(FRAME, "s", "i") == work_checksum(other, "s", "i")


def test_configuration_sources_image_and_precommand_are():
    changed = FRAME._replace(after=("--config", "a=2", "--verbose"))
    checksums = {
        work_checksum(FRAME, "s", "i"),
        work_checksum(changed, "s", "i"),
        work_checksum(FRAME, "t", "i"),
        work_checksum(FRAME, "s", "j"),
        work_checksum(FRAME._replace(setup="module load x"), "s", "i"),
    }
    assert len(checksums) == 5


def test_the_archive_of_the_sources_is_not_its_name_differs_between_processes():
    archive = f"gs://b/snakemake-workflow-sources.{'0' * 64}.tar.xz"
    with_archive = FRAME._replace(after=(*FRAME.after, archive))

    assert work_checksum(with_archive, "s", "i") == work_checksum(FRAME, "s", "i")


def test_a_target_is_rule_and_wildcards():
    assert target_of(FakeJob(wildcards_dict={"a": "1", "b": "2"})) == target_of(
        FakeJob(wildcards_dict={"b": "2", "a": "1"})
    )
    assert target_of(FakeJob(wildcards_dict={"a": "1"})) != target_of(FakeJob(name="two"))


def test_a_key_changes_with_the_work_and_the_parameters_and_not_with_the_attempt():
    key = key_of(FakeJob(attempt=1), "work")

    assert key == key_of(FakeJob(attempt=2), "work")
    assert key != key_of(FakeJob(), "other work")
    assert key != key_of(FakeJob(parameters=("'v2'",)), "work")
    assert key != key_of(FakeJob(wildcards_dict={"i": "1"}), "work")


def test_the_key_of_a_group_does_not_depend_on_the_order_of_its_members():
    members = [FakeJob("b"), FakeJob("a")]

    def group(jobs):
        return SimpleNamespace(is_group=lambda: True, groupid="g", jobid="7", jobs=jobs)

    assert key_of(group(members), "w") == key_of(group(members[::-1]), "w")
    assert key_of(group(members), "w") != key_of(group(members[:1]), "w")
    assert target_of(group(members)) == target_of(group(members[:1]))


def test_a_mark_tells_who_submitted_which_work():
    marks = [marker("key", "a"), marker("key", "b"), marker("other", "c"), "4711"]

    assert marked_coordinators(marks, "key") == {"a", "b"}
