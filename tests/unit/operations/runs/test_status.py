from tests.unit.operations.runs.made_up import FAILED_LOG, MadeUp

from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.status import status
from epyflow.storage.disk import Disk


def test_errors_that_a_coordinator_in_the_cloud_repeated_are_not_told_twice(tmp_path):
    MadeUp(tmp_path).finished("us/flu/main")
    path = tmp_path / "logs" / "us" / "flu" / "main" / "coordinator" / "coordinator.log"
    path.parent.mkdir(parents=True)
    path.write_text(FAILED_LOG)
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    assert status(storage, run).failures == {}
    assert not status(storage, run).failed
