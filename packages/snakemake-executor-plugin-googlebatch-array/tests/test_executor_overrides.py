"""Resources of rules that are changed for one run."""

from types import SimpleNamespace

import pytest

from executor_fakes import FakeJob, Resources, settings
from snakemake_executor_plugin_googlebatch_array.overrides import check_overrides, overridden

MACHINE, CPU, MEMORY = (f"googlebatch_{name}" for name in ("machine_type", "cpu_milli", "memory"))
PROFILE = {MACHINE: "c4d-standard-2", CPU: 2000, MEMORY: 4096, "runtime": 600}


def resources(*entries, rules=("one",), **changes):
    job = SimpleNamespace(rules=list(rules), resources=Resources(PROFILE | changes))
    return overridden(job, settings(override=" ".join(entries)))


def test_only_what_is_given_changes_and_only_for_its_rule():
    found = resources("one:runtime=1200", "two:runtime=7", f"one:{CPU}=1000")

    assert found == PROFILE | {"runtime": 1200, CPU: 1000}


def test_cpu_and_memory_are_those_of_a_machine_type_that_is_given_alone():
    found = resources(f"one:{MACHINE}=n2-highmem-8")

    # 8 vCPUs with 8 GiB each.
    assert (found[MACHINE], found[CPU], found[MEMORY]) == ("n2-highmem-8", 8000, 65_536)


def test_tasks_of_a_vm_share_its_cpu_and_memory():
    found = resources(f"one:{MACHINE}=n2-highmem-8", "one:googlebatch_work_tasks_per_node=4")

    assert (found[CPU], found[MEMORY]) == (2000, 16_384)


def test_cpu_or_memory_beside_a_machine_type_are_kept():
    found = resources(f"one:{MACHINE}=n2-highmem-8", f"one:{MEMORY}=1000")

    assert (found[CPU], found[MEMORY]) == (8000, 1000)


def test_without_a_machine_type_google_batch_chooses_one_for_the_profiles_cpu_and_memory():
    assert resources(f"one:{MACHINE}=") == PROFILE | {MACHINE: ""}


def test_rules_of_a_group_have_one_value():
    entry = "a:googlebatch_parallelism=3"
    assert resources(entry, rules=("a", "b"))["googlebatch_parallelism"] == 3
    with pytest.raises(ValueError, match="3 and 4 for rules of one group \\(a, b\\)"):
        resources(entry, "b:googlebatch_parallelism=4", rules=("a", "b"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("one", "'one' is not of the form"),
        ("one:googlebatch_machne_type=x", "not of the form RULE:RESOURCE=VALUE with"),
        ("one:mem_mb=3", "not of the form"),
        ("one:googlebatch_region=x", "not of the form"),
        ("two:runtime=3", "no rule 'two'; there are one"),
        (f"one:{MACHINE}=a2-highgpu-1g", "size of a2-highgpu-1g is not known; give googlebatch_c"),
    ],
)
def test_an_override_that_changes_nothing_is_refused_before_the_run(entry, message):
    with pytest.raises(ValueError, match=message):
        check_overrides(settings(override=entry), {"one"})


def test_a_machine_of_unknown_size_is_taken_with_cpu_and_memory():
    text = f"one:{MACHINE}=a2-highgpu-1g one:{CPU}=12000 one:{MEMORY}=80000"

    check_overrides(settings(override=text), {"one"})
    assert overridden(FakeJob(), settings(override=text))[CPU] == 12_000
