"""Find the quotas that count the vCPUs of a machine."""

import math
from types import SimpleNamespace

import pytest

from epyflow.operations.doctor import quota
from epyflow.operations.doctor.quota import _cpus, _of_families

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


def test_a_quota_without_limit_leaves_any_number_and_the_closest_bucket_counts(monkeypatch):
    shapes = [SimpleNamespace(machine_type=f"{name}-standard-4") for name in ("c3", "c4d", "n2")]
    monkeypatch.setattr(quota, "_first_shapes", lambda context: shapes)
    limits = [("100", {}), ("-1", {"region": "us", "vm_family": "C3"}), ("8", {"vm_family": "C4D"})]
    buckets = [{"effectiveLimit": limit, "dimensions": of} for limit, of in limits]
    answer = {"consumerQuotaLimits": [{"quotaBuckets": buckets}]}
    context = SimpleNamespace(
        site=SimpleNamespace(project="p", region="us"),
        apis=SimpleNamespace(get=lambda service, path: answer),
    )

    assert _of_families(context, {"N2_CPUS": 24.0}) == {
        "CPUS_PER_VM_FAMILY:C3": math.inf,
        "CPUS_PER_VM_FAMILY:C4D": 8,
    }
