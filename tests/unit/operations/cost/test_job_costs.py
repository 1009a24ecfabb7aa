import csv
from dataclasses import replace

import pytest
from tests.unit.operations.cost.made_up import PLAN, PRICES, PROFILE, took

from epyflow.errors import EpyflowError
from epyflow.operations.cost.job_costs import COLUMNS, as_csv, from_csv, measured, priced
from epyflow.operations.cost.summary import by_location, by_stage, total

BENCHMARKS = {
    "make_tables": took(10.0, 500.0),
    "run_task/00000": took(100.0, 500.0),
    "run_task/00001": took(200.0, 1500.0),
    "run_task/00002": took(50.0, 500.0),
    "run_task/00003": took("NA", "-"),
    "build_inputs/x": took(5.0, 100.0),
}


def jobs():
    return priced(measured(PLAN, BENCHMARKS, PROFILE, "here", "google-batch"), PROFILE, PRICES)


def test_each_job_has_its_place_machine_and_cost():
    found = [
        (job.rule, job.job, job.location or job.population, job.machine_type, job.attempt)
        for job in jobs()
    ]

    assert found == [
        ("run_task", "00000", "US-LE", "x1-standard-2", 1),
        ("run_task", "00001", "US-LE", "x1-standard-4", 2),
        ("run_task", "00002", "Right", "x1-standard-2", 1),
        ("run_task", "00003", "Right", "x1-standard-2", 1),
        ("make_tables", "", "", "x1-standard-2", 1),
    ]
    # A cent a second, two for the larger machine; a start takes 90 s on average.
    assert [job.usd_run for job in jobs()] == pytest.approx([1.0, 4.0, 0.5, None, 0.1])
    assert [job.usd_start_up for job in jobs()] == pytest.approx([0.9, 1.8, 0.9, 0.9, 0.9])


def test_jobs_that_share_a_machine_pay_for_their_part():
    shared = measured(PLAN, {"draw_figures/Left": took(100, 1)}, PROFILE, "here", "local")

    (job,) = priced(shared, PROFILE, PRICES)

    assert (job.usd_run, job.usd_start_up) == pytest.approx((0.5, 0.45))


def test_a_job_on_a_machine_that_is_not_known_has_no_price():
    unknown = [
        replace(job, machine_type="") for job in measured(PLAN, BENCHMARKS, PROFILE, "here", "x")
    ]

    found = priced(unknown, PROFILE, PRICES)

    assert {(job.usd, job.price_date) for job in found} == {(None, "")}
    assert (total(found).unpriced, total(jobs()).unpriced) == (5, 0)


def test_spot_and_region_change_the_price():
    spot = replace(PROFILE, spot=frozenset({"run_task"}))
    given = {"run_task/00000": took(100.0, 500.0)}

    (cheap,) = priced(measured(PLAN, given, spot, "here", "local"), spot, PRICES)
    (dear,) = priced(measured(PLAN, given, PROFILE, "there", "local"), PROFILE, PRICES)

    assert (cheap.usd_run, dear.usd_run) == pytest.approx((0.1, 2.0))


def test_costs_are_added_up_by_stage_by_location_and_in_all():
    stages = {each.name: each.usd for each in by_stage(jobs())}
    locations = {each.name: each.usd for each in by_location(jobs())}
    everything = total(jobs())

    assert stages == pytest.approx({"run": 5.5 + 4.5, "tables": 1.0})
    assert locations == pytest.approx({"US-LE": 7.7, "Right": 2.3, "all": 1.0})
    assert (everything.jobs, everything.unmeasured, everything.seconds) == (5, 1, 360.0)
    # Starts cost 5.4 at 90 s: 3.6 at 60 s, 7.2 at 120 s.
    assert everything.usd_range(PRICES) == pytest.approx((5.6 + 3.6, 5.6 + 7.2))


def test_the_table_of_costs_is_read_as_it_was_written():
    text = as_csv(jobs())

    assert text.decode().splitlines()[0] == ",".join(COLUMNS)
    assert from_csv(text, "run_cost.csv") == jobs()


@pytest.mark.parametrize("data", [b"a,b\n1,2\n", b"", b"\xff\xfe"])
def test_another_table_is_refused(data):
    with pytest.raises(EpyflowError, match=r"run_cost\.csv is not a table of costs"):
        from_csv(data, "run_cost.csv")


VALUES = ("nan", "inf", "1e400", "-1", "x", "1_0", "١")
DAMAGED = [{"seconds": value} for value in VALUES] + [
    {"usd_run": "nan"},
    {"max_rss_mb": "inf"},
    {"attempt": "x"},
    {"stage": None},
]


@pytest.mark.parametrize("changed", DAMAGED, ids=str)
def test_a_damaged_row_is_named(changed):
    rows = list(csv.DictReader(as_csv(jobs()).decode().splitlines()))
    values = [value for value in (rows[0] | changed).values() if value is not None]
    text = as_csv(jobs()) + ",".join(values).encode() + b"\n"

    with pytest.raises(EpyflowError, match=rf"run_cost\.csv, line {len(rows) + 2}: damaged"):
        from_csv(text, "run_cost.csv")


@pytest.mark.parametrize("row", [b"a,b\n", b'"abc\n', b'"%s"\n' % (200_000 * b"x"), 99 * b"a,"])
def test_a_row_that_is_none_is_refused(row):
    with pytest.raises(EpyflowError, match="damaged"):
        from_csv(",".join(COLUMNS).encode() + b"\n" + row, "run_cost.csv")
