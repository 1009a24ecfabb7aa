"""An accepted submission with one mistake each, and what must be said of it."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

Frame = pd.DataFrame

INC, RATE = "wk inc flu hosp", "wk flu hosp rate change"
SIZE, WEEK = "peak inc flu hosp", "peak week inc flu hosp"


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes
    ----------
    name
        What is wrong.
    change
        Makes it in a frame of text, whose index is the line minus 2.
    check
        Of the finding that must be made.
    says
        Regular expression that its message matches.
    rows
        How many lines it names.
    """

    name: str
    change: Callable[[Frame], Frame]
    check: str
    says: str
    rows: int

    def __str__(self) -> str:
        return self.name


def pick(frame: Frame, **values: str) -> pd.Series:
    """Return the rows that have all the values."""
    chosen = pd.Series(True, index=frame.index)
    for column, value in values.items():
        chosen &= frame[column] == value
    return chosen


def put(column: str, new: str, **where: str) -> Callable[[Frame], Frame]:
    """Make a mutation that writes ``new`` in a column of some rows."""

    def change(frame: Frame) -> Frame:
        frame.loc[pick(frame, **where), column] = new
        return frame

    return change


def drop(**where: str) -> Callable[[Frame], Frame]:
    """Make a mutation that leaves out some rows."""
    return lambda frame: frame[~pick(frame, **where)]


def repeat(**where: str) -> Callable[[Frame], Frame]:
    """Make a mutation that has some rows twice."""
    return lambda frame: pd.concat([frame, frame[pick(frame, **where)]])


MEDIAN = {"target": INC, "output_type": "quantile", "output_type_id": "0.5", "location": "01"}
AT_1 = {**MEDIAN, "horizon": "1"}
SAMPLE = {"target": INC, "output_type": "sample", "output_type_id": "US07"}
STABLE = {"target": RATE, "location": "US", "horizon": "2", "output_type_id": "stable"}


def swap_quantiles(frame: Frame) -> Frame:
    low, high = (
        frame.index[pick(frame, **(AT_1 | {"output_type_id": level}))][0]
        for level in ("0.1", "0.9")
    )
    frame.loc[[low, high], "value"] = frame.loc[[high, low], "value"].tolist()
    return frame


def ids_per_row(frame: Frame) -> Frame:
    samples = frame["output_type"] == "sample"
    frame.loc[samples, "output_type_id"] += "h" + frame.loc[samples, "horizon"]
    return frame


def half_joint(frame: Frame) -> Frame:
    """Give the first ten samples of both locations common ids, and the others their own."""
    samples = frame[frame["output_type"] == "sample"]
    common = samples[samples["output_type_id"].str[2:3] == "0"]
    frame.loc[common.index, "output_type_id"] = "both" + common["output_type_id"].str[2:]
    return frame


def both_targets(frame: Frame) -> Frame:
    """Add samples of another target under the ids of the first."""
    more = frame[frame["output_type"] == "sample"].copy()
    more["target"], more["value"] = "wk inc flu prop ed visits", "0.1"
    return pd.concat([frame, more])


def halved_probability(frame: Frame) -> Frame:
    row = pick(frame, **STABLE)
    frame.loc[row, "value"] = (frame.loc[row, "value"].astype(float) / 2).astype(str)
    return frame


def dropped_week(frame: Frame) -> Frame:
    return frame[~pick(frame, target=WEEK, output_type_id="2025-01-18")]


MUTANTS = (
    # Columns.
    Mutant("no horizon", lambda f: f.drop(columns="horizon"), "colnames", "horizon", 0),
    Mutant("no value", lambda f: f.drop(columns="value"), "colnames", "value", 0),
    Mutant("extra column", lambda f: f.assign(note="x"), "colnames", "'note'", 0),
    Mutant(
        "misspelt column",
        lambda f: f.rename(columns={"location": "locaton"}),
        "colnames",
        "did you mean location",
        0,
    ),
    Mutant(
        "column twice",
        lambda f: pd.concat([f, f[["horizon"]]], axis=1),
        "colnames",
        "'horizon' is there 2 times",
        0,
    ),
    Mutant("no rows", lambda f: f.iloc[:0], "file_rows", "has no rows", 0),
    # Permitted values.
    Mutant(
        "another round's rows",
        put("reference_date", "2024-11-23", **MEDIAN),
        "match_round_id",
        "reference_date is '2024-11-23'.*expected 2024-11-16",
        5,
    ),
    Mutant(
        "date in another form",
        put("reference_date", "11/16/2024", **AT_1),
        "match_round_id",
        "reference_date is '11/16/2024'",
        1,
    ),
    Mutant(
        "unknown location",
        put("location", "99", location="01"),
        "valid_vals",
        f"location is '99' for target '{INC}'.*expected one of US, 01",
        615,
    ),
    Mutant(
        "location without its zero",
        put("location", "1", **AT_1),
        "valid_vals",
        "location is '1'",
        1,
    ),
    Mutant(
        "unknown target",
        put("target", "wk inc flu hsop", target=INC),
        "valid_vals",
        r"target is 'wk inc flu hsop' \(did you mean wk inc flu hosp",
        1230,
    ),
    Mutant(
        "horizon too far",
        put("horizon", "4", **AT_1),
        "valid_vals",
        "horizon is '4'.*expected one of -1, 0, 1, 2, 3",
        1,
    ),
    Mutant(
        "horizon no whole number",
        put("horizon", "1.0", **AT_1),
        "valid_vals",
        "horizon is '1.0'",
        1,
    ),
    Mutant(
        "target end date no Saturday",
        put("target_end_date", "2024-11-22", **AT_1),
        "valid_vals",
        "target_end_date is '2024-11-22'",
        1,
    ),
    Mutant(
        "horizon of a seasonal target",
        put("horizon", "1", target=SIZE),
        "valid_vals",
        f"horizon is '1' for target '{SIZE}'; expected NA",
        46,
    ),
    Mutant(
        "no horizon of a weekly target",
        put("horizon", "NA", **AT_1),
        "valid_vals",
        f"horizon is missing for target '{INC}'",
        1,
    ),
    Mutant("location missing", put("location", "", **AT_1), "valid_vals", "location is miss", 1),
    Mutant(
        "output type of another target",
        put("output_type", "sample", target=SIZE, location="US"),
        "valid_vals",
        "output_type is 'sample'.*expected quantile",
        23,
    ),
    Mutant(
        "unknown output type",
        put("output_type", "median", **AT_1),
        "valid_vals",
        "output_type is 'median'.*expected one of quantile, sample",
        1,
    ),
    Mutant(
        "unknown quantile level",
        put("output_type_id", "0.51", **MEDIAN),
        "valid_vals",
        "output_type_id is '0.51'",
        5,
    ),
    Mutant(
        "quantile level with a trailing zero",
        put("output_type_id", "0.50", **MEDIAN),
        "valid_vals",
        r"output_type_id is '0.50'.*expected 0.5 \(ids are compared as text\)",
        5,
    ),
    Mutant(
        "quantile level missing",
        put("output_type_id", "NA", **MEDIAN),
        "valid_vals",
        "output_type_id is missing",
        5,
    ),
    Mutant(
        "unknown category",
        put("output_type_id", "same", **STABLE),
        "valid_vals",
        "output_type_id is 'same'.*expected one of large_decrease",
        1,
    ),
    Mutant(
        "peak week no Saturday",
        put("output_type_id", "2025-01-19", target=WEEK, output_type_id="2025-01-18"),
        "valid_vals",
        "output_type_id is '2025-01-19'",
        2,
    ),
    Mutant(
        "peak week of another year",
        put("output_type_id", "2023-01-21", target=WEEK, output_type_id="2025-01-18"),
        "valid_vals",
        "output_type_id is '2023-01-21'",
        2,
    ),
    Mutant("sample without id", put("output_type_id", "NA", **SAMPLE), "valid_vals", "is mis", 5),
    # Completeness.
    Mutant(
        "a median left out",
        drop(**AT_1),
        "req_vals",
        "incomplete for .*horizon 1.*location 01.*: no 0.5; expected all 23",
        22,
    ),
    Mutant(
        "a level left out everywhere",
        drop(target=INC, output_type_id="0.025"),
        "req_vals",
        "and 7 more: no 0.025",
        220,
    ),
    Mutant(
        "a category left out",
        drop(**STABLE),
        "req_vals",
        "horizon 2, location US.*no stable; expected all 5",
        4,
    ),
    Mutant(
        "a peak size level left out",
        drop(target=SIZE, output_type_id="0.99", location="US"),
        "req_vals",
        "no 0.99",
        22,
    ),
    Mutant(
        "a peak week left out of one location",
        drop(target=WEEK, output_type_id="2025-01-18", location="US"),
        "req_vals",
        "location US.*no 2025-01-18; expected all 28",
        27,
    ),
    Mutant("a peak week left out", dropped_week, "valid_vals", "2025-01-18 is missing", 0),
    Mutant(
        "samples without quantiles",
        drop(target=INC, output_type="quantile", horizon="3", location="US"),
        "req_vals",
        f"no quantile of '{INC}' for .*horizon 3.*expected it: it is required",
        100,
    ),
    Mutant("a row twice", repeat(**AT_1), "rows_unique", "quantile 0.5 is there 2 times", 2),
    Mutant("a sample twice", repeat(**SAMPLE), "rows_unique", "sample US07 is there 2 times", 10),
    # Values.
    Mutant("value missing", put("value", "", **AT_1), "value_col_valid", "value is missing", 1),
    Mutant("value NA", put("value", "NA", **MEDIAN), "value_col_valid", "value is missing", 5),
    Mutant("value in words", put("value", "many", **AT_1), "value_col_valid", "'many'", 1),
    Mutant("value infinite", put("value", "inf", **AT_1), "value_col_valid", "'inf'", 1),
    Mutant("value with a comma", put("value", "1,000", **AT_1), "value_col_valid", "'1,000'", 1),
    Mutant(
        "negative quantile",
        put("value", "-1", target=INC, output_type="quantile", output_type_id="0.01"),
        "value_col_valid",
        r"below the range \(such as -1\); expected at least 0",
        10,
    ),
    Mutant(
        "negative sample", put("value", "-5", **SAMPLE), "value_col_valid", "sample are below", 5
    ),
    Mutant(
        "sample no integer", put("value", "10.5", **SAMPLE), "value_col_valid", "no whole number", 5
    ),
    Mutant("probability above 1", put("value", "1.5", **STABLE), "value_col_valid", "at most 1", 1),
    Mutant(
        "quantiles swapped",
        swap_quantiles,
        "value_col_non_desc",
        "values fall for .*horizon 1.*expected values that do not fall",
        4,
    ),
    Mutant(
        "a median of 0",
        put("value", "0", **AT_1),
        "value_col_non_desc",
        r"\d+ at 0.45, 0 at 0.5",
        2,
    ),
    Mutant(
        "probabilities below 1",
        halved_probability,
        "value_col_sum1",
        "add up to 0.9.* for .*horizon 2.*location US.*expected 1",
        5,
    ),
    Mutant(
        "peak week probabilities above 1",
        put("value", "0.9", target=WEEK, output_type_id="2025-01-18", location="01"),
        "value_col_sum1",
        "add up to 1.8",
        28,
    ),
    Mutant(
        "more admissions than people",
        put("value", "6000000", **(AT_1 | {"output_type_id": "0.99"})),
        "counts_lt_popn",
        "location 01 reach 6,000,000; expected fewer than its population of 5,157,699",
        1,
    ),
    # Dates.
    Mutant(
        "target end date a week late",
        put("target_end_date", "2024-11-30", target=INC, horizon="1"),
        "horizon_timediff",
        "target_end_date is 2024-11-30 at horizon 1 from 2024-11-16; expected 2024-11-23",
        246,
    ),
    Mutant(
        "target end date of the reference date",
        put("target_end_date", "2024-11-16", target=RATE, horizon="3"),
        "horizon_timediff",
        "expected 2024-12-07",
        10,
    ),
    # Samples.
    Mutant(
        "99 samples",
        drop(**SAMPLE),
        "spl_n",
        "99 samples for .*location US.*expected 100",
        495,
    ),
    Mutant(
        "an id too long",
        put("output_type_id", "sample-number-07", **SAMPLE),
        "valid_vals",
        "'sample-number-07'.*at most 15 characters",
        5,
    ),
    Mutant(
        "a sample that ends early",
        drop(**SAMPLE, horizon="3"),
        "spl_non_compound_tid",
        "sample 'US07' .* has no row for horizon 3",
        4,
    ),
    Mutant(
        "an id for each row",
        ids_per_row,
        "spl_compound_taskid_set",
        "1000 of 1000 samples.*have a single horizon",
        1000,
    ),
    Mutant("ids half shared", half_joint, "spl_compound_taskid_set", "some ids are shared", 100),
    Mutant("ids of two targets", both_targets, "spl_mt_unique", "those of several targets", 2000),
)
