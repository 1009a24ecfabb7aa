"""Many tasks: what a benchmark needs."""

from emulator_support import clients_of, job_of, script

from google_batch_emulator import Emulator, FaultPlan, Settings, TaskFault


def test_a_thousand_stub_tasks_end_without_being_executed():
    with Emulator(Settings(stub=True)) as emulator, clients_of(emulator) as clients:
        finished = clients.run(script("exit 1"), task_count=1000, parallelism=100)

        assert finished.state == "SUCCEEDED"
        assert finished.job.status.task_groups["group0"].counts == {"SUCCEEDED": 1000}
        emulator.requests.reset()
        assert len(finished.tasks) == 1000
        assert emulator.requests.counts() == {"ListTasks": 10}


def test_stub_tasks_take_their_time_and_can_be_cancelled():
    settings = Settings(stub=True, stub_seconds=600, delete_seconds=0.2)
    with Emulator(settings) as emulator, clients_of(emulator) as clients:
        job = clients.create(job_of(script("exit 0"), task_count=3))

        clients.batch.cancel_job(name=job.name).result(timeout=30)

        assert clients.state(job) == "CANCELLED"


def test_faults_befall_stub_tasks_too():
    plan = FaultPlan(tasks=[TaskFault(task=1, action="fail", exit_code=9)])
    with Emulator(Settings(stub=True), plan) as emulator, clients_of(emulator) as clients:
        finished = clients.run(script("exit 0"), task_count=2)

        codes = [task.status.status_events[-1].task_execution.exit_code for task in finished.tasks]
        assert codes == [0, 9]


def test_a_hundred_small_tasks_are_executed(clients):
    finished = clients.run(script("echo $BATCH_TASK_INDEX"), task_count=100)

    assert finished.state == "SUCCEEDED"
    assert sorted(int(line) for line in finished.lines) == list(range(100))
