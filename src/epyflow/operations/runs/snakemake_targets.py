"""What a job of Snakemake makes, as its command line names it: ``rule:name=value,name=value``."""

from collections.abc import Mapping
from dataclasses import dataclass

_OF_THE_RUN = ("exp_id", "run_id")


@dataclass(frozen=True)
class Target:
    """What a task makes: a rule, and what stands for its wildcards."""

    rule: str
    wildcards: Mapping[str, str]

    @property
    def job(self) -> str:
        """The name of the task's log, without that of the rule; empty where it has but one."""
        return "/".join(text for name, text in self.wildcards.items() if name not in _OF_THE_RUN)

    @property
    def run(self) -> tuple[str, str] | None:
        """Experiment and run, of a replay without its date; None where it does not name them."""
        if not self.wildcards.keys() >= set(_OF_THE_RUN):
            return None
        return self.wildcards["exp_id"], self.wildcards["run_id"].partition("/")[0]


def parse_target(text: str) -> Target:
    """Read a value of ``--target-jobs``; no wildcard has a comma."""
    rule, _, wildcards = text.partition(":")
    pairs = (each.partition("=") for each in wildcards.split(",") if each)
    return Target(rule, {name: value.strip("\"'") for name, _, value in pairs})
