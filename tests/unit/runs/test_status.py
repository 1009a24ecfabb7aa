import re
from pathlib import Path

from epyflow.runs.status import STAGES

RULES = Path(__file__).resolve().parents[3] / "workflow" / "rules"


def test_every_rule_with_a_log_belongs_to_one_stage():
    text = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    rules = re.findall(r'"logs/\{+exp_id\}+/[^"]*?\}+/(\w+)', text)

    assert "run_task" in rules
    for rule in rules:
        stages = [name for name, (_, made_by) in STAGES.items() if re.fullmatch(made_by, rule)]
        assert len(stages) == 1, rule
