"""Round figures, to be reckoned with by hand."""

import datetime

from tests.unit.run.made_up import run_plan

from epyflow.operations.cost.prices import Prices, Series
from epyflow.operations.cost.profile import Profile, Shape
from epyflow.provenance.benchmark_files import Benchmark, read_benchmark
from epyflow.run.plan import Population

# A machine: 2 × 18 = 36 dollars an hour, a cent a second; Spot a tenth of it. Its disk is free.
PRICES = Prices(
    date=datetime.date(2030, 1, 2),
    sources=("made up",),
    region="here",
    series={
        "x1": Series(
            vcpu_hour=18.0,
            gib_hour=0.0,
            spot_vcpu_hour=1.8,
            spot_gib_hour=0.0,
            disk="slow",
            machines={"standard": {2: 8.0, 4: 16.0}},
        )
    },
    disks={"slow": 0.0},
    regions={"here": {"x1": 1.0}, "there": {"x1": 2.0}},
    start_up_seconds=(60.0, 120.0),
)

ONE = Shape("x1-standard-2", disk_gib=30, memory_mib=1000, per_machine=1, parallelism=2)
LARGER = Shape("x1-standard-4", disk_gib=30, memory_mib=2000, per_machine=1, parallelism=2)
SHARED = Shape("x1-standard-2", disk_gib=30, memory_mib=1000, per_machine=2, parallelism=2)

PROFILE = Profile(
    {"run_task": (ONE, LARGER), "make_tables": (ONE,), "draw_figures": (SHARED,)}, frozenset()
)

PLAN = run_plan(
    exp_id="study",
    tasks=("a", "b", "c", "d"),
    populations=(Population("Left", "Left", "US-LE"), Population("Right", "Right", None)),
)


def benchmark(seconds: object, memory: object) -> bytes:
    """Return a benchmark file as Snakemake writes it."""
    return f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n".encode()


def took(seconds: object, memory: object) -> Benchmark:
    """Return what such a file says."""
    return read_benchmark(benchmark(seconds, memory))
