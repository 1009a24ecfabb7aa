"""Read the targets of a Snakemake job from its command line: ``rule:name=value,name=value``."""

from collections.abc import Mapping
from dataclasses import dataclass

_OF_THE_RUN = ("exp_id", "run_id")


@dataclass(frozen=True)
class Target:
    """The target of a task: a rule and the values of its wildcards."""

    rule: str
    wildcards: Mapping[str, str]

    @property
    def job(self) -> str:
        """The name of the task's log without the rule; empty for a rule with one job."""
        return "/".join(text for name, text in self.wildcards.items() if name not in _OF_THE_RUN)

    @property
    def run(self) -> tuple[str, str] | None:
        """Experiment and run, without the date of a replay; None if the wildcards lack them."""
        if not self.wildcards.keys() >= set(_OF_THE_RUN):
            return None
        return self.wildcards["exp_id"], self.wildcards["run_id"].partition("/")[0]


def parse_target(text: str) -> Target:
    """Read a value of ``--target-jobs``. Wildcards have no comma."""
    rule, _, wildcards = text.partition(":")
    pairs = (each.partition("=") for each in wildcards.split(",") if each)
    return Target(rule, {name: value.strip("\"'") for name, _, value in pairs})
