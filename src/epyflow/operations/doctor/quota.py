"""Compare quotas of Compute Engine with the machines that the profile runs at once.

The newest machine families have no quota in the list of the region. Their vCPUs count as
``cpus_per_vm_family``, which is read from Service Usage.

Sources: https://cloud.google.com/compute/resource-usage ("CPU quota", "Disk quota",
"Preemptible quota"),
https://cloud.google.com/compute/docs/reference/rest/v1/regions/get,
https://cloud.google.com/service-usage/docs/reference/rest/v1beta1/services.consumerQuotaMetrics.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.api_core import exceptions as api

from epyflow.operations.cost.profile import Shape
from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.machine_types import chosen_rules, offered
from epyflow.suggest import listed

_FAMILY = "CPUS_PER_VM_FAMILY"
_METRIC = "compute.googleapis.com%2Fcpus_per_vm_family"
_SSD, _HYPERDISK = "SSD_TOTAL_GB", "HDB_TOTAL_GB"
_SPOT = "PREEMPTIBLE_CPUS"
_UNLIMITED = -1

_GENERAL = frozenset({"E2", "N1"})
"""Series whose vCPUs count as ``CPUS`` of the region."""


@dataclass(frozen=True)
class Need:
    """The part of a quota that a rule needs.

    Attributes
    ----------
    metric
        Name of the quota.
    each
        Need of one machine; ``machines`` run at once.
    """

    metric: str
    rule: str
    each: float
    machines: int

    @property
    def total(self) -> float:
        """Need of all machines at once."""
        return self.each * self.machines


def quota(context: Context) -> CheckResult:
    """Check that the machines of the profile fit into the quotas.

    If not all machines of a rule fit at once, its jobs wait. If not even one fits, they never
    start.
    """
    region = _regional(context)
    limits = {**_of_project(context), **region, **_of_families(context, region)}
    largest: dict[str, Need] = {}
    for need in _needs(context, limits):
        known = largest.get(need.metric)
        if known is None or need.total > known.total:
            largest[need.metric] = need
    short = [need for need in largest.values() if need.total > limits[need.metric]]
    never = [need for need in short if need.each > limits[need.metric]]
    if short:
        found = "; ".join(_described(each, limits[each.metric]) for each in never or short)
        remedy = _remedy(context, (never or short)[0])
        return failed(found, remedy) if never else warning(found, remedy)
    named = [each for each in _first_shapes(context) if each.machine_type]
    unknown = sorted({_series(each) for each in named if not _cpus(each, limits)})
    if unknown:
        found = f"the quota of vCPUs of {listed(unknown)} cannot be read"
        return warning(found, f"look it up: {_page(context)}")
    if rules := chosen_rules(context):
        return warning(
            f"Google Batch chooses the machines of {listed(rules)}: the quota of their vCPUs is "
            "not checked",
            f"compare it with the number of machines at once: {_page(context)}",
        )
    shown = (f"{each.metric} {each.total:,.0f}" for each in largest.values())
    return ok(f"room for {', '.join(shown)}")


def _needs(context: Context, limits: Mapping[str, float]) -> Iterable[Need]:
    """Yield the need of each rule for each quota in the limits."""
    types = offered(context)
    for rule, shapes in context.profile.rules.items():
        shape = shapes[0]
        cpus = next(iter(types.get(shape.machine_type, {}).values()), 0)
        machines = math.ceil(shape.parallelism / shape.per_machine)
        takes = dict.fromkeys(_counted(context, rule, limits), float(cpus))
        takes |= {"INSTANCES": 1.0, _disk_metric(shape): shape.disk_gib}
        for metric, each in takes.items():
            if metric in limits:
                yield Need(metric, rule, each, machines)


def _counted(context: Context, rule: str, limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the quotas that count the vCPUs of a rule's machines.

    Spot VMs have a quota of their own if it was granted; otherwise they count as other VMs.
    """
    if rule in context.profile.spot and limits.get(_SPOT):
        return (_SPOT,)
    return (*_cpus(context.profile.shape(rule), limits), "CPUS_ALL_REGIONS")


def _first_shapes(context: Context) -> list[Shape]:
    return [shapes[0] for shapes in context.profile.rules.values()]


def _series(shape: Shape) -> str:
    return shape.machine_type.split("-")[0].upper()


def _cpus(shape: Shape, limits: Mapping[str, float]) -> list[str]:
    """Return the quotas in the limits that count a machine's vCPUs."""
    series = _series(shape)
    names = [f"{series}_CPUS", f"{_FAMILY}:{series}", *(["CPUS"] if series in _GENERAL else [])]
    return [name for name in names if name in limits]


def _disk_metric(shape: Shape) -> str:
    from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type

    disk = shape.disk_type or boot_disk_type(shape.machine_type)
    return _HYPERDISK if disk.startswith("hyperdisk-balanced") else _SSD


def _regional(context: Context) -> dict[str, float]:
    path = f"compute/v1/projects/{context.site.project}/regions/{context.site.region}"
    return _left(context.apis.get("compute", path))


def _of_project(context: Context) -> dict[str, float]:
    return _left(context.apis.get("compute", f"compute/v1/projects/{context.site.project}"))


def _left(document: Mapping[str, Any]) -> dict[str, float]:
    """Return what is left of each quota."""
    return {
        each["metric"]: float(each["limit"]) - float(each.get("usage", 0))
        for each in document.get("quotas", ())
    }


def _of_families(context: Context, region: Mapping[str, float]) -> dict[str, float]:
    """Return the limits of families that are not in the list of the region.

    The result is empty if they cannot be read.
    """
    families = {_series(shape) for shape in _first_shapes(context)} - _GENERAL
    unlisted = [family for family in families if f"{family}_CPUS" not in region]
    path = (
        f"v1beta1/projects/{context.site.project}/services/compute.googleapis.com/"
        f"consumerQuotaMetrics/{_METRIC}"
    )
    found: dict[str, float] = {}
    with suppress(api.Forbidden, api.NotFound):
        answer = context.apis.get("serviceusage", path)
        buckets = [
            bucket
            for limit in answer.get("consumerQuotaLimits", ())
            for bucket in limit.get("quotaBuckets", ())
        ]
        for family in unlisted:
            limit = _closest(buckets, {"region": context.site.region, "vm_family": family})
            if limit is not None:
                found[f"{_FAMILY}:{family}"] = math.inf if limit == _UNLIMITED else limit
    return found


def _closest(buckets: Iterable[Mapping[str, Any]], wanted: Mapping[str, str]) -> float | None:
    """Return the limit of the matching bucket with the most dimensions."""
    fitting = [
        (len(bucket.get("dimensions", {})), float(bucket.get("effectiveLimit", _UNLIMITED)))
        for bucket in buckets
        if bucket.get("dimensions", {}).items() <= wanted.items()
    ]
    return max(fitting)[1] if fitting else None


def _described(need: Need, left: float) -> str:
    most = math.floor(left / need.each) if need.each else 0
    return (
        f"{need.metric}: {left:,.0f} left, {need.rule} asks for {need.total:,.0f} "
        f"({need.machines} machines of {need.each:,.0f}); {most} at once"
    )


def _remedy(context: Context, short: Need) -> str:
    return (
        f"ask for more: {_page(context)}; or run fewer at once: "
        f"--googlebatch-array-override {short.rule}:googlebatch_parallelism=N"
    )


def _page(context: Context) -> str:
    return f"https://console.cloud.google.com/iam-admin/quotas?project={context.site.project}"
