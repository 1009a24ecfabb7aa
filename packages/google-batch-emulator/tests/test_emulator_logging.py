"""Logs of tasks, written and read as Cloud Logging does it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from emulator_support import Clients, clients_of, job_of, script, until
from google.api_core import exceptions
from google.cloud import batch_v1
from google.cloud.logging_v2.resource import Resource

from google_batch_emulator import Emulator, FaultPlan, Quotas, Settings


def read(clients: Clients, wanted: str, **options: object) -> list[object]:
    entries = clients.logs.list_entries(filter_=wanted, **options)
    return [entry.payload for entry in entries]


def test_output_is_labelled_with_its_job_and_task(clients: Clients):
    finished = clients.run(script("echo out; echo err >&2"), labels={"run": "x"}, task_count=2)
    uid = finished.job.uid

    entries = list(
        clients.logs.logger("batch_task_logs").list_entries(
            filter_=f'labels.task_id="task/{uid}-group0-1/0/0"'
        )
    )

    assert {(entry.payload, entry.severity) for entry in entries} == {
        ("out", "INFO"),
        ("err", "ERROR"),
    }
    labels = entries[0].labels
    assert labels["job_uid"] == uid
    assert labels["run"] == "x"
    assert labels["task_group_name"].endswith("/taskGroups/group0")
    assert entries[0].resource.type == "batch.googleapis.com/Job"
    assert entries[0].resource.labels["job_id"] == uid


def test_the_agent_tells_what_it_does(clients: Clients):
    finished = clients.run(script("exit 3"))

    assert any("report agent state:" in line for line in finished.agent_lines)
    assert any("exit code 3" in line for line in finished.agent_lines)


def test_a_job_that_keeps_no_logs_has_none(clients: Clients):
    job = job_of(script("echo out"))
    job.logs_policy = None
    job = clients.wait(clients.create(job))

    assert clients.lines(job) == []
    assert clients.lines(job, "batch_agent_logs") == []


def test_entries_are_filtered_ordered_and_paged(clients: Clients):
    finished = clients.run(script("for i in 1 2 3 4 5; do echo line $i; done"))
    mine = f'logName="projects/rehearsal/logs/batch_task_logs" labels.job_uid={finished.job.uid}'
    lines = [f"line {number}" for number in range(1, 6)]

    assert read(clients, mine) == lines
    assert read(clients, mine, page_size=2) == lines
    assert read(clients, mine, order_by="timestamp desc") == lines[::-1]
    assert read(clients, mine, max_results=2) == lines[:2]
    assert read(clients, f'{mine} textPayload="line 2"') == ["line 2"]
    assert read(clients, f'{mine} textPayload=~"[24]$"') == ["line 2", "line 4"]
    assert read(clients, f'{mine} "line 5" OR "line 1"') == ["line 1", "line 5"]
    assert read(clients, f"{mine} severity>=ERROR") == []
    assert read(clients, f'{mine} resource.type="generic_task"') == []


def test_a_line_of_json_is_an_entry_with_fields(clients: Clients):
    line = '{"severity": "WARNING", "message": "slow", "task": 3, "exp_id": "us/flu"}'
    finished = clients.run(script(f"echo '{line}'; echo '{{no json'"))
    mine = f"labels.job_uid={finished.job.uid} log_id(batch_task_logs)"

    fields = {"message": "slow", "task": 3, "exp_id": "us/flu"}
    wanted = 'jsonPayload.exp_id="us/flu" jsonPayload.task=3 severity>=WARNING'
    assert read(clients, f"{mine} {wanted}") == [fields]
    assert read(clients, f"{mine} jsonPayload.task=4") == []
    assert read(clients, f'{mine} textPayload="{{no json"') == ["{no json"]


def test_entries_are_found_by_their_time(clients: Clients):
    finished = clients.run(script("echo first; sleep 0.3; echo second"))
    mine = f'log_id("batch_task_logs") labels.job_uid="{finished.job.uid}"'
    first, second = clients.logs.list_entries(filter_=mine)
    between = first.timestamp + (second.timestamp - first.timestamp) / 2

    assert read(clients, f'{mine} timestamp>="{between.isoformat()}"') == ["second"]
    assert read(clients, f'{mine} timestamp<"{between.isoformat()}"') == ["first"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert read(clients, f"{mine} timestamp>={tomorrow:%Y-%m-%dT%H:%M:%SZ}") == []


def test_a_filter_that_cannot_be_read_is_refused(clients: Clients):
    with pytest.raises(exceptions.InvalidArgument, match="cannot be read"):
        read(clients, 'labels.a="b" AND (')


def test_clients_write_entries_of_their_own(clients: Clients):
    logger = clients.logs.logger("own", labels={"a": "b"})
    resource = Resource(type="global", labels={"project_id": "rehearsal"})
    logger.log_text("text", severity="WARNING", resource=resource)
    logger.log_struct({"key": "value"}, resource=resource)

    entries = list(logger.list_entries(filter_='labels.a="b"'))
    assert [entry.payload for entry in entries] == ["text", {"key": "value"}]
    assert entries[0].severity == "WARNING"
    logger.delete()
    assert list(logger.list_entries()) == []


def test_reads_over_the_minute_are_refused_as_google_words_it():
    with Emulator(Settings(stub=True, quotas=Quotas(log_reads=2))) as emulator:
        with clients_of(emulator) as clients:
            for _ in range(2):
                assert read(clients, "labels.a=b") == []
            with pytest.raises(
                exceptions.ResourceExhausted,
                match="limit 'Read requests per minute' of service 'logging",
            ):
                read(clients, "labels.a=b")
        assert emulator.requests.counts() == {"ListLogEntries": 3}


def test_logs_can_be_late(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(log_delay_seconds=1.0))
    finished = clients.run(script("echo out"))

    assert finished.lines == []
    until(lambda: finished.lines == ["out"])


def test_a_call_without_a_good_token_is_unauthenticated(clients: Clients):
    domain = clients.emulator.environment["GOOGLE_CLOUD_UNIVERSE_DOMAIN"]
    path = "/google.cloud.batch.v1.BatchService/GetJob"
    roots = Path(clients.emulator.environment["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]).read_bytes()
    with grpc.secure_channel(f"batch.{domain}", grpc.ssl_channel_credentials(roots)) as channel:
        call = channel.unary_unary(path, batch_v1.GetJobRequest.serialize, batch_v1.Job.deserialize)
        for metadata in ((), (("authorization", "Bearer no.good.token"),)):
            with pytest.raises(grpc.RpcError) as caught:
                call(batch_v1.GetJobRequest(name="x"), metadata=metadata)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
