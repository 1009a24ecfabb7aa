"""Which quotas count the vCPUs of a machine."""

from types import SimpleNamespace

import pytest

from epyflow.operations.doctor.quota import _cpus

LIMITS = {"CPUS": 24.0, "C4_CPUS": 8.0, "CPUS_PER_VM_FAMILY:C3": 8.0}


@pytest.mark.parametrize(
    ("machine", "metrics"),
    [
        ("e2-standard-2", ["CPUS"]),
        ("n1-standard-1", ["CPUS"]),
        ("c4-standard-2", ["C4_CPUS"]),
        ("c3-standard-4", ["CPUS_PER_VM_FAMILY:C3"]),
        ("n2-standard-2", []),
    ],
)
def test_vcpus_of_e2_and_n1_count_for_the_region_and_those_of_others_for_their_series(
    machine, metrics
):
    assert _cpus(SimpleNamespace(machine_type=machine), LIMITS) == metrics
