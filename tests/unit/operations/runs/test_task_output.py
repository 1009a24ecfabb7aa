"""Read the output of tasks from a stand-in for Cloud Logging."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from epyflow.operations.runs.batch_jobs import RunJob
from epyflow.operations.runs.task_output import READS_PER_MINUTE, TaskOutput

NOON = datetime(2030, 3, 17, 12, tzinfo=UTC)
JOB = RunJob("projects/p/locations/r/jobs/j", "uid", "run", "RUNNING", NOON, NOON, {}, 1, "run")


class Logging:
    """Entries by second and text, of which 1,000 at most are given for one request."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, str | dict[str, object]]] = []
        self.filters: list[str] = []

    def list_entries(self, *, filter_: str, max_results: int, **_: object) -> Iterator[object]:
        self.filters.append(filter_)
        found = [
            (NOON + timedelta(seconds=second), text, number)
            for number, (second, text) in enumerate(self.entries)
        ]
        start = filter_.partition('timestamp>="')[2].partition('"')[0]
        after = datetime.fromisoformat(start) if start else NOON - timedelta(days=1)
        for at, text, number in sorted(each for each in found if each[0] >= after)[:max_results]:
            labels = {"job_uid": "uid", "task_id": "task/uid-group0-7/0/0"}
            yield SimpleNamespace(
                timestamp=at, payload=text, labels=labels, insert_id=str(number), severity="INFO"
            )


def reader(logging: Logging, clock: list[float], since: datetime | None = None) -> TaskOutput:
    output = TaskOutput("p", since, lambda: clock[0])
    output._client = logging
    return output


def texts(output: TaskOutput) -> list[str]:
    return [printed.text for printed in output.new([JOB])]


def test_each_line_is_told_once_with_its_task_and_one_that_comes_late_too():
    logging = Logging()
    output = reader(logging, [0.0])
    logging.entries = [(0, "one\ntwo"), (50, "three")]

    printed = output.new([JOB])
    logging.entries.append((10, "late"))

    assert [(each.task, each.text) for each in printed] == [(7, "one"), (7, "two"), (7, "three")]
    assert texts(output) == ["late"]
    assert texts(output) == []
    assert 'labels.job_uid="uid"' in logging.filters[0]


def test_a_message_with_fields_is_told_as_text():
    logging = Logging()
    message = {"level": "WARNING", "message": "slow", "time": "2030-03-17T12:00:00.500Z"}
    logging.entries = [(0, message), (1, {"message": "of the agent"}), (2, {"other": 1})]

    assert texts(reader(logging, [0.0])) == [
        "2030-03-17 12:00:00,500 WARNING slow",
        "2030-03-17 12:00:01,000 INFO of the agent",
        '{"other": 1}',
    ]


def test_many_lines_are_read_page_by_page_and_none_twice():
    logging = Logging()
    logging.entries = [(second / 100, f"line {second}") for second in range(2500)]

    assert texts(reader(logging, [0.0])) == [f"line {second}" for second in range(2500)]
    assert len(logging.filters) == 3


def test_no_more_is_read_than_the_share_of_the_quota_and_what_is_left_comes_later():
    logging, clock = Logging(), [0.0]
    output = reader(logging, clock)
    for _ in range(READS_PER_MINUTE + 5):
        texts(output)
    logging.entries = [(0, "one")]

    assert len(logging.filters) == READS_PER_MINUTE
    assert texts(output) == []
    clock[0] = 61.0
    assert texts(output) == ["one"]


def test_what_is_older_than_asked_for_is_left_out():
    logging = Logging()
    logging.entries = [(0, "old"), (50, "new")]

    assert texts(reader(logging, [0.0], NOON + timedelta(seconds=30))) == ["new"]


def test_without_a_job_nothing_is_asked():
    logging = Logging()

    assert reader(logging, [0.0]).new([]) == []
    assert logging.filters == []
