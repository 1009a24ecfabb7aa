"""Jobs and tasks through the API: states, counts, lists, deletion, cancellation."""

import pytest
from emulator_support import PARENT, Clients, container, job_of, script, until
from google.api_core import exceptions
from google.cloud import batch_v1

from google_batch_emulator import messages


def test_a_job_goes_through_its_states_and_says_so(clients: Clients):
    finished = clients.run(script("exit 0"))

    name = finished.job.task_groups[0].name.partition("/taskGroups")[0]
    assert [event.description for event in finished.job.status.status_events] == [
        f"Job state is set from QUEUED to SCHEDULED for job {name}.",
        f"Job state is set from SCHEDULED to RUNNING for job {name}.",
        f"Job state is set from RUNNING to SUCCEEDED for job {name}.",
    ]
    assert {event.type_ for event in finished.job.status.status_events} == {"STATUS_CHANGED"}
    assert finished.job.status.task_groups["group0"].counts == {"SUCCEEDED": 1}
    assert finished.job.status.run_duration.total_seconds() > 0
    assert finished.job.update_time >= finished.job.create_time


def test_a_new_job_is_queued_and_has_its_defaults(clients: Clients):
    job = clients.create(job_of(script("exit 0"), task_count=3), "with-defaults")

    assert job.status.state.name == "QUEUED"
    assert job.name == f"{PARENT}/jobs/with-defaults"
    assert job.uid.startswith("with-defaults-")
    assert len(job.uid) <= 63
    group = job.task_groups[0]
    assert (group.task_count, group.parallelism) == (3, 3)
    assert group.task_spec.compute_resource.cpu_milli == 2000
    assert group.task_spec.compute_resource.memory_mib == 2000
    clients.wait(job)


def test_one_failed_task_fails_the_job_which_says_which(clients: Clients):
    finished = clients.run(script('exit "$BATCH_TASK_INDEX"'), task_count=2)

    assert finished.state == "FAILED"
    assert finished.job.status.task_groups["group0"].counts == {"SUCCEEDED": 1, "FAILED": 1}
    failure = finished.tasks[1].status.status_events[-1].description
    assert failure.startswith("Task state is updated from RUNNING to FAILED on zones/us-central1-a")
    assert failure.endswith(" with exit code 1.")
    last = finished.job.status.status_events[-1].description
    assert "Specifically, task with index 1 failed" in last
    assert f'"{failure}"' in last


def test_a_task_tells_its_states_and_exit_code(clients: Clients):
    finished = clients.run(script("exit 3"))

    (task,) = finished.tasks
    events = task.status.status_events
    assert [event.task_state.name for event in events] == ["ASSIGNED", "RUNNING", "FAILED"]
    assert events[-1].task_execution.exit_code == 3
    assert clients.batch.get_task(name=task.name) == task


def test_tasks_are_listed_by_index_in_pages_and_by_state(clients: Clients):
    finished = clients.run(script('[ "$BATCH_TASK_INDEX" != 1 ]'), task_count=5)

    parent = f"{finished.job.name}/taskGroups/group0"
    request = {"parent": parent, "page_size": 2}
    pages = list(clients.batch.list_tasks(request=request).pages)
    assert [len(page.tasks) for page in pages] == [2, 2, 1]
    names = [task.name.rpartition("/")[2] for page in pages for task in page.tasks]
    assert names == ["0", "1", "2", "3", "4"]
    failed = clients.batch.list_tasks(request={"parent": parent, "filter": "State=FAILED"})
    assert [task.name.rpartition("/")[2] for task in failed] == ["1"]


def test_jobs_are_listed_by_label_and_state(clients: Clients):
    first = clients.run(script("exit 0"), labels={"run": "listed", "part": "a"})
    second = clients.run(script("exit 1"), labels={"run": "listed", "part": "b"})
    clients.run(script("exit 0"), labels={"run": "other"})

    def names(wanted: str, **more: object) -> list[str]:
        request = {"parent": PARENT, "filter": wanted, **more}
        return [job.name for job in clients.batch.list_jobs(request=request)]

    both = [second.job.name, first.job.name]
    assert names('labels.run="listed"') == both
    assert names('labels.run="listed" AND status.state=FAILED') == [second.job.name]
    assert names("labels.run:listed labels.part=(a OR c)") == [first.job.name]
    assert names('labels.run="listed" NOT labels.part:*') == []
    assert names('labels.run="listed"', order_by="create_time", page_size=1) == both[::-1]


def test_a_page_token_of_another_query_is_refused(clients: Clients):
    clients.run(script("exit 0"), labels={"run": "paged"})
    clients.run(script("exit 0"), labels={"run": "paged"})
    request = {"parent": PARENT, "filter": "labels.run=paged", "page_size": 1}
    token = next(iter(clients.batch.list_jobs(request=request).pages)).next_page_token
    assert token

    with pytest.raises(exceptions.InvalidArgument, match="page_token"):
        clients.batch.list_jobs(request={"parent": PARENT, "page_token": token})


def test_a_deleted_job_is_gone_with_its_processes(clients: Clients):
    job = clients.create(job_of(script("sleep 600")))
    until(lambda: clients.state(job) == "RUNNING")

    operation = clients.batch.delete_job(name=job.name)

    operation.result(timeout=30)
    assert operation.metadata.target == job.name
    assert operation.metadata.verb == "delete"
    with pytest.raises(exceptions.NotFound, match=job.name):
        clients.batch.get_job(name=job.name)


def test_a_finished_job_can_be_deleted_and_its_id_used_again(clients: Clients):
    job = clients.wait(clients.create(job_of(script("exit 0")), "used-again"))
    with pytest.raises(exceptions.AlreadyExists, match="jobs/used-again"):
        clients.create(job_of(script("exit 0")), "used-again")

    clients.batch.delete_job(name=job.name).result(timeout=30)

    assert clients.wait(clients.create(job_of(script("exit 0")), "used-again")).uid != job.uid


def test_a_cancelled_job_stays_and_tells_what_was_not_run(clients: Clients):
    job = clients.create(job_of(script("sleep 600"), task_count=3, parallelism=1))
    until(lambda: clients.state(job) == "RUNNING")

    clients.batch.cancel_job(name=job.name).result(timeout=30)

    job = clients.batch.get_job(name=job.name)
    assert job.status.state.name == "CANCELLED"
    assert job.status.task_groups["group0"].counts == {"FAILED": 1, "UNEXECUTED": 2}
    with pytest.raises(exceptions.FailedPrecondition, match="CANCELLED"):
        clients.batch.cancel_job(name=job.name)


def test_one_request_id_makes_one_job(clients: Clients):
    request = batch_v1.CreateJobRequest(
        parent=PARENT,
        job_id="asked-twice",
        job=job_of(script("exit 0")),
        request_id="2f1d7f2e-5f0c-4d5b-9d0a-3b7a3f1f6c11",
    )

    first = clients.batch.create_job(request)
    second = clients.batch.create_job(request)

    assert second.uid == first.uid
    clients.wait(first)


def test_parallelism_limits_the_tasks_under_way(clients: Clients):
    job = clients.create(job_of(script("sleep 600"), task_count=4, parallelism=2))
    until(lambda: clients.state(job) == "RUNNING")

    counts = clients.batch.get_job(name=job.name).status.task_groups["group0"].counts
    assert counts["PENDING"] == 2
    assert counts.get("RUNNING", 0) + counts.get("ASSIGNED", 0) == 2
    clients.batch.delete_job(name=job.name).result(timeout=30)


def test_tasks_in_order_run_one_after_the_other(clients: Clients):
    finished = clients.run(
        script('echo "task $BATCH_TASK_INDEX"'), task_count=3, scheduling_policy="IN_ORDER"
    )

    assert finished.lines == ["task 0", "task 1", "task 2"]


def test_an_image_and_a_job_id_are_not_needed_for_a_job(clients: Clients):
    job = clients.batch.create_job(parent=PARENT, job=job_of(container("true")))

    assert job.name.startswith(f"{PARENT}/jobs/job-")
    assert clients.wait(job).status.state.name == "SUCCEEDED"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (messages.JobState, batch_v1.JobStatus.State),
        (messages.TaskState, batch_v1.TaskStatus.State),
        (messages.Action, batch_v1.LifecyclePolicy.Action),
        (messages.Destination, batch_v1.LogsPolicy.Destination),
        (messages.Provisioning, batch_v1.AllocationPolicy.ProvisioningModel),
    ],
)
def test_enumerations_have_every_value_of_the_client_library(ours, theirs):
    ours = {item.name: item.value for item in ours}
    assert ours | {item.name: item.value for item in theirs} == ours


@pytest.mark.parametrize(
    ("disk", "extra_mib", "size_gb"),
    [
        ({"size_gb": 50}, 20_000, 50),
        # 30 GB of the image, and 2 x 5000 MiB, which are 9.8 GiB.
        ({}, 5000, 40),
        ({}, 0, 30),
    ],
)
def test_a_size_of_the_boot_disk_replaces_what_its_tasks_need(
    clients: Clients, disk, extra_mib, size_gb
):
    finished = clients.run(
        script("exit 0"),
        boot_disk=disk,
        compute_resource={"boot_disk_mib": extra_mib},
        task_count_per_node=2,
    )

    (group,) = finished.job.status.task_groups.values()
    assert group.instances[0].boot_disk.size_gb == size_gb
