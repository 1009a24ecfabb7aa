"""Real runs whose jobs are local and whose files are in a bucket."""

from collections import Counter

import pytest
from counting_proxy import Fault
from fake_gcs import SomeoneElse, create_bucket
from workflow_running import Workflow

KEYS = ["00000", "00001", "00002"]
TABLE = b"".join(f"result of input_{key}.txt\n".encode() for key in KEYS)
ALL_JOBS = Counter(build=1, task=3, table=1)


@pytest.fixture
def workflow(storage, bucket, tmp_path):
    return Workflow(storage, bucket, tmp_path)


@pytest.fixture(scope="module")
def finished(server, tmp_path_factory):
    """A workflow that has run; each test leaves it so."""
    create_bucket(server, "finished")
    workflow = Workflow(server, "finished", tmp_path_factory.mktemp("finished"))
    return workflow, workflow.run()


@pytest.fixture
def ran(finished, storage):
    return finished[0]


@pytest.fixture
def in_its_bucket(storage):
    return SomeoneElse(storage, "finished")


def test_a_run_leaves_its_files_in_the_bucket(ran, finished, in_its_bucket):
    outcome = finished[1]
    assert outcome.code == 0, outcome.text
    assert Counter(outcome.jobs) == ALL_JOBS
    assert in_its_bucket.read("pre/results/table.txt") == TABLE
    expected = {f"pre/results/in/input_{key}.txt" for key in KEYS}
    expected |= {f"pre/results/out/result_{key}.txt" for key in KEYS}
    expected |= {f"pre/logs/task/{key}.log" for key in KEYS}
    expected |= {f"pre/benchmarks/task/{key}.tsv" for key in KEYS}
    assert set(in_its_bucket.names()) == expected | {"pre/results/table.txt", "pre/logs/table.log"}


def test_a_second_run_does_nothing_and_asks_next_to_nothing(ran):
    outcome = ran.run()

    assert outcome.code == 0, outcome.text
    assert outcome.jobs == []
    assert set(outcome.counts) == {"list"}
    assert outcome.total <= 3


def test_a_missing_output_is_made_again_and_what_depends_on_it(ran, in_its_bucket):
    in_its_bucket.remove("pre/results/out/result_00001.txt")
    in_its_bucket.remove("pre/results/table.txt")

    outcome = ran.run()

    assert outcome.code == 0, outcome.text
    assert Counter(outcome.jobs) == Counter(task=1, table=1)
    assert in_its_bucket.read("pre/results/table.txt") == TABLE


def test_a_newer_input_makes_its_outputs_again(ran, in_its_bucket):
    in_its_bucket.write("pre/results/out/result_00001.txt", b"changed\n")

    outcome = ran.run()

    assert outcome.jobs == ["table"], outcome.text
    assert b"changed" in in_its_bucket.read("pre/results/table.txt")


def test_a_forced_rule_overwrites_its_outputs(ran, in_its_bucket):
    old = in_its_bucket.bucket.get_blob("pre/results/out/result_00000.txt").generation

    outcome = ran.run("--forcerun", "task")

    assert outcome.code == 0, outcome.text
    assert Counter(outcome.jobs) == Counter(task=3, table=1)
    new = in_its_bucket.bucket.get_blob("pre/results/out/result_00000.txt").generation
    assert new > old
    assert in_its_bucket.read("pre/results/table.txt") == TABLE


def test_touched_outputs_are_up_to_date(workflow, someone_else):
    someone_else.write("pre/in.txt", b"old\n")
    workflow.use(
        'rule all:\n    input: "in.txt"\n    output: "out.txt"\n    shell: "cp {input} {output}"\n'
    )
    workflow.run()
    someone_else.write("pre/in.txt", b"newer\n")

    assert "Updated input files" in workflow.run("--dry-run").text
    touched = workflow.run("--touch")

    assert touched.code == 0, touched.text
    assert "Nothing to be done" in workflow.run().text
    assert someone_else.read("pre/out.txt") == b"old\n"


def test_a_dry_run_writes_nothing(workflow, someone_else):
    outcome = workflow.run("--dry-run")

    assert outcome.code == 0, outcome.text
    assert someone_else.names() == []
    assert set(outcome.counts) == {"list"}


def test_a_failed_job_leaves_its_log_and_no_output(workflow, someone_else):
    workflow.use(
        'rule all:\n    output: "out.txt"\n    log: "out.log"\n'
        '    shell: "echo half > {output}; echo why > {log}; exit 1"\n'
    )

    outcome = workflow.run()

    assert outcome.code == 1
    assert someone_else.names() == ["pre/out.log"]
    assert someone_else.read("pre/out.log") == b"why\n"


KINDS = r"""
rule all:
    input: "with space #1?.txt", "tree", "counted.txt", "ümläut.txt"

rule tree:
    output: directory("tree")
    shell: "mkdir -p {output}/sub/empty; echo one > {output}/one; echo two > {output}/sub/two"

rule counted:
    input: tree="tree", old=ancient("old.txt"), passing="passing.txt"
    output: "counted.txt"
    shell: "find {input.tree} -name one -o -name two | wc -l | cat - {input.passing} > {output}"

rule passing:
    output: temp("passing.txt")
    shell: "echo passing > {output}"

rule strange:
    output: "with space #1?.txt"
    shell: "touch '{output}'"

rule umlaut:
    output: touch("ümläut.txt")
"""


def test_directories_temporary_ancient_and_touched_files_and_strange_names(workflow, someone_else):
    workflow.use(KINDS)
    someone_else.write("pre/old.txt", b"old\n")

    outcome = workflow.run()
    someone_else.write("pre/old.txt", b"newer, but ancient\n")
    again = workflow.run()

    assert outcome.code == 0, outcome.text
    names = set(someone_else.names())
    assert {"pre/tree/one", "pre/tree/sub/two", "pre/tree/sub/empty/"} <= names
    assert {"pre/with space #1?.txt", "pre/ümläut.txt"} <= names
    assert "pre/passing.txt" not in names
    assert someone_else.read("pre/with space #1?.txt") == b""
    assert someone_else.read("pre/counted.txt") == b"2\npassing\n"
    assert again.jobs == [], again.text


def test_transfers_that_go_wrong_do_not_show(workflow, storage, someone_else):
    for name, what in zip(KEYS, ("refuse", "lose", "garble"), strict=True):
        storage.fail("upload", Fault(what), times=2, name=f"result_{name}.txt")
    storage.fail("upload", Fault("cut"), name="table.txt")
    storage.fail("list", Fault("refuse", 429), times=2)

    outcome = workflow.run()

    assert outcome.code == 0, outcome.text
    assert someone_else.read("pre/results/table.txt") == TABLE


def test_an_upload_that_is_refused_fails_the_run(workflow, storage, someone_else):
    body = '{"error": {"code": 403, "message": "no storage.objects.create access"}}'
    storage.fail("upload", Fault("refuse", 403, body), times=100, name="result_00001.txt")

    outcome = workflow.run("--keep-going")

    assert outcome.code == 1
    assert "roles/storage.objectAdmin" in outcome.text
    names = someone_else.names()
    assert "pre/results/out/result_00000.txt" in names
    assert "pre/results/out/result_00001.txt" not in names
    assert "pre/results/table.txt" not in names


NAMED = """
storage named:
    provider="gcs-indexed"

rule all:
    input: named=storage.named("gs://{bucket}/in.txt"), inferred=storage("gs://{bucket}/in.txt")
    output: "out.txt"
    shell: "cat {{input.named}} {{input.inferred}} > {{output}}"
"""


def test_a_snakefile_may_name_the_plugin_and_gs_alone_is_the_stock_one(
    workflow, bucket, someone_else
):
    workflow.use(NAMED.format(bucket=bucket))
    someone_else.write("in.txt", b"in the bucket\n")

    outcome = workflow.run(default=False)

    assert outcome.code == 0, outcome.text
    assert (workflow.directory / "out.txt").read_text() == "in the bucket\n" * 2
    # Asking whether the bucket exists is what only the stock plugin does.
    assert outcome.counts["bucket"] > 0
    assert outcome.counts["list"] > 0


def test_a_missing_bucket_stops_a_run_before_it_begins(storage, tmp_path):
    outcome = Workflow(storage, "no-such-bucket", tmp_path).run()

    assert outcome.code == 1
    assert outcome.text.count("gcloud storage buckets create gs://no-such-bucket") == 1
    assert "Exception Group" not in outcome.text
    assert outcome.jobs == []
    assert outcome.counts == {"list": 1}


@pytest.mark.parametrize(("small", "large"), [(20, 60)])
def test_requests_grow_with_the_files_and_no_faster(storage, bucket, tmp_path, small, large):
    totals = {}
    for count in (small, large):
        workflow = Workflow(storage, bucket, tmp_path / str(count))
        workflow.prefix += str(count)
        outcome = workflow.run(count=count)
        assert outcome.code == 0, outcome.text
        # A task has four files, its input, output, log and benchmark: four uploads.
        assert outcome.counts["upload"] == 4 * count + 2
        totals[count] = outcome.total

    assert totals[large] - totals[small] <= 6 * (large - small)
