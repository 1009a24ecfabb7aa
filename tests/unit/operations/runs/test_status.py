import re
from pathlib import Path

from tests.unit.operations.runs.made_up import FAILED_LOG, MadeUp

from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.status import STAGES, status
from epyflow.storage.disk import Disk

RULES = Path(__file__).resolve().parents[4] / "workflow" / "rules"


def test_every_rule_with_a_log_belongs_to_one_stage():
    text = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    rules = re.findall(r'"logs/\{+exp_id\}+/[^"]*?\}+/(\w+)', text)

    assert "run_task" in rules
    for rule in rules:
        stages = [name for name, (_, made_by) in STAGES.items() if re.fullmatch(made_by, rule)]
        assert len(stages) == 1, rule


def test_errors_that_a_coordinator_in_the_cloud_repeated_are_not_told_twice(tmp_path):
    MadeUp(tmp_path).finished("us/flu/main")
    path = tmp_path / "logs" / "us" / "flu" / "main" / "coordinator" / "coordinator.log"
    path.parent.mkdir(parents=True)
    path.write_text(FAILED_LOG)
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    assert status(storage, run).failures == {}
    assert not status(storage, run).failed
