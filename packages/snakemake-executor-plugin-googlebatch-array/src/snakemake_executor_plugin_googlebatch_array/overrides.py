"""Change resources of rules for one run, and keep the others of the profile.

Snakemake's ``--set-resources`` on the command line replaces all of a profile's ``set-resources``,
those of other rules, too.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from .errors import SettingError
from .executor_settings import ExecutorSettings
from .machines import size
from .placement import GPU_RESOURCES
from .resources import PREFIX, tasks_per_vm

_ENTRY = re.compile(r"(?P<rule>\w+):(?P<name>\w+)=(?P<value>\S*)")
_ALSO = frozenset({"runtime", "task_count_per_node", *GPU_RESOURCES})
_OF_THE_RUN = frozenset({"override", "project", "region"})
_NAMES = frozenset(field.name for field in fields(ExecutorSettings)) - _OF_THE_RUN

Overrides = Mapping[str, Mapping[str, int | str]]


@cache
def parse_overrides(text: str) -> Overrides:
    """Read ``RULE:RESOURCE=VALUE ...``; a value may be empty.

    Raises
    ------
    SettingError
        If an entry has another form or names a resource that is not of Google Batch.
    """
    found: dict[str, dict[str, int | str]] = {}
    for entry in text.split():
        match = _ENTRY.fullmatch(entry)
        name = match["name"] if match else ""
        if match is None or name.removeprefix(PREFIX) not in (
            _NAMES | _ALSO if name.startswith(PREFIX) else _ALSO
        ):
            raise SettingError(
                f"override {entry!r} is not of the form RULE:RESOURCE=VALUE with a resource "
                f"{PREFIX}<setting>, runtime, gpu or gpu_model, such as "
                f"run_task:{PREFIX}machine_type=n2-highmem-8"
            )
        value = match["value"]
        found.setdefault(match["rule"], {})[name] = int(value) if value.isdigit() else value
    return found


def check_overrides(settings: Any, rules: Collection[str]) -> None:
    """Refuse overrides of rules that the workflow does not have.

    Raises
    ------
    SettingError
        Naming the rule, or what is malformed.
    """
    for rule, values in parse_overrides(settings.override).items():
        if rule not in rules:
            known = ", ".join(sorted(rules))
            raise SettingError(f"override: there is no rule {rule!r}; there are {known}")
        _fill_in({}, values, settings)


def overridden(job: Any, settings: Any) -> dict[str, Any]:
    """Return the resources of a job, or group of jobs, with overrides.

    A machine type that is given without cpu and memory determines both: the tasks of a VM share
    all of it.

    Raises
    ------
    SettingError
        If rules of a group disagree, or the size of a machine type is not known.
    """
    overrides = parse_overrides(settings.override)
    given: dict[str, int | str] = {}
    for rule in sorted(job.rules):
        for name, value in overrides.get(rule, {}).items():
            if given.setdefault(name, value) != value:
                raise SettingError(
                    f"override: {name} is {given[name]!r} and {value!r} for rules of one group "
                    f"({', '.join(sorted(job.rules))}), which share a VM; give one value"
                )
    return _fill_in(dict(job.resources.items()), given, settings)


def _fill_in(
    resources: Mapping[str, Any], given: Mapping[str, int | str], settings: Any
) -> dict[str, Any]:
    """Add what is given, and cpu and memory of a machine type that is given without them."""
    changed = {**resources, **given}
    needed = [name for name in (f"{PREFIX}cpu_milli", f"{PREFIX}memory") if name not in given]
    machine = str(given.get(f"{PREFIX}machine_type") or "")
    if not machine or not needed:
        return changed
    its = size(machine)
    if its is None:
        raise SettingError(
            f"override: the size of {machine} is not known; give {' and '.join(needed)} of a "
            "task, too"
        )
    whole = {f"{PREFIX}cpu_milli": 1000 * its.vcpus, f"{PREFIX}memory": its.memory_mib}
    return {**changed, **{name: whole[name] // tasks_per_vm(changed, settings) for name in needed}}
