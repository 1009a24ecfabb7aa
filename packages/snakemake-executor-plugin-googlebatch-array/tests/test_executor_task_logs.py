from types import SimpleNamespace

import pytest

from executor_fakes import Clock
from snakemake_executor_plugin_googlebatch_array.task_logs import Budget, Place, TaskLogs, log_place


@pytest.mark.parametrize(
    ("setting", "prefix", "place"),
    [
        (None, "gs://bucket/run/", Place("bucket", "run/googlebatch-logs")),
        (None, "gcs://bucket", Place("bucket", "googlebatch-logs")),
        (None, "s3://bucket/run", None),
        (None, None, None),
        ("none", "gs://bucket/run", None),
        ("gs://logs/deep/er/", "gs://bucket/run", Place("logs", "deep/er")),
        ("gs://logs", None, Place("logs", "googlebatch-logs")),
    ],
)
def test_logs_go_below_the_storage_prefix_unless_told_otherwise(setting, prefix, place):
    assert log_place(setting, prefix) == place


def test_a_malformed_place_is_refused():
    with pytest.raises(ValueError, match="gs://bucket"):
        log_place("/var/log", None)


def test_the_budget_of_reads_is_per_minute():
    clock = Clock()
    budget = Budget(2, clock)

    assert [budget.spend() for _ in range(3)] == [True, True, False]
    clock.now = 59.9
    assert not budget.spend()
    clock.now = 60.0
    assert budget.spend()


class Blob:
    def __init__(self, content):
        self.content = content
        self.size = len(content)

    def download_as_bytes(self, start, timeout):
        return self.content[start or 0 :]


def logs(objects=None, entries=(), place=Place("b", "f"), error=None):
    def get_blob(name, timeout):
        if error:
            raise error
        return objects.get(name) if objects else None

    def list_entries(filter_, page_size, max_results):
        asked.append(filter_)
        return [SimpleNamespace(payload=text) for text in entries]

    asked = []
    storage = SimpleNamespace(bucket=lambda name: SimpleNamespace(get_blob=get_blob))
    logging = SimpleNamespace(logger=lambda name: SimpleNamespace(list_entries=list_entries))
    made = TaskLogs("p", place, 2, lambda: storage, lambda: logging)
    made.asked = asked
    return made


def test_the_end_of_the_log_is_shown_and_the_whole_kept(tmp_path):
    local = tmp_path / "deep" / "0.log"

    tail = logs({"f/job/0.log": Blob(b"1\n2\n3\n")}).fetch("job", "uid", 0, local)

    assert tail.lines == ("2", "3")
    assert tail.places == ("gs://b/f/job/0.log", str(local))
    assert local.read_text() == "1\n2\n3\n"


def test_of_a_very_long_log_only_the_end_is_fetched(tmp_path):
    blob = Blob(b"x" * 9_000_000 + b"\nend\n")

    logs({"f/job/0.log": blob}).fetch("job", "uid", 0, tmp_path / "log")

    assert (tmp_path / "log").stat().st_size == 8 * 1024 * 1024


def test_without_a_copy_in_the_bucket_cloud_logging_is_asked_about_this_task(tmp_path):
    made = logs(entries=["pulling image", "not found"])

    tail = made.fetch("job", "uid-1", 12, tmp_path / "log")

    assert tail.lines == ("pulling image", "not found")
    assert made.asked == ['labels.job_uid="uid-1" AND labels.task_id:"-group0-12/"']
    assert "console.cloud.google.com/logs" in tail.places[0]


def test_within_its_quota(tmp_path):
    made = logs(entries=["text"])
    made.budget.limit = 1
    made.fetch("job", "uid", 0, tmp_path / "0")

    tail = made.fetch("job", "uid", 1, tmp_path / "1")

    assert tail.lines == ()
    assert "to stay within its quota" in tail.places[0]
    assert not (tmp_path / "1").exists()


def test_a_bucket_that_cannot_be_read_is_not_the_end(tmp_path):
    tail = logs(error=PermissionError("no"), entries=[]).fetch("job", "uid", 0, tmp_path / "0")

    assert "not in the bucket (PermissionError)" in tail.places[0]


def test_the_runner_is_told_where_to_put_its_log():
    assert logs().target("job") == {"bucket": "b", "folder": "f/job"}
    assert logs(place=None).target("job") is None


def test_a_message_with_fields_is_kept_as_the_json_that_the_task_printed(tmp_path):
    tail = logs(entries=[{"level": "ERROR", "message": "why"}, "text\n"]).fetch(
        "job", "uid", 0, tmp_path / "0.log"
    )

    assert tail.lines == ('{"level": "ERROR", "message": "why"}', "text")
