"""A hub with other columns, targets, output types and levels is served by configuration alone."""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_hubs import COLUMNS, submission, tasks, write_hub, write_submission

from forecast_hub.checks import permitted_values
from forecast_hub.checks.validation import Verdict, validate


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return write_hub(tmp_path, tasks())


def errors(verdict: Verdict) -> list[str]:
    return [str(each) for each in verdict.findings if each.severity == "error"]


def test_what_the_configuration_asks_for_is_accepted(hub):
    verdict = validate(write_submission(hub, submission()), hub)

    assert errors(verdict) == []
    assert (verdict.hub, verdict.round_id, verdict.rows) == ("Made-up hub", "2026-03-02", 31)


def edited(column: str, new: str, **where: str) -> pd.DataFrame:
    frame = submission()
    chosen = pd.Series(True, index=frame.index)
    for name, value in where.items():
        chosen &= frame[name] == value
    assert chosen.any()
    frame.loc[chosen, column] = new
    return frame


def test_similar_targets_are_looked_for_only_for_those_that_are_shown(hub, monkeypatch):
    compared = []
    monkeypatch.setattr(permitted_values, "did_you_mean", lambda name, _: compared.append(name))
    frame = submission()
    frame["outcome"] = [f"case{number}" for number in range(len(frame))]

    found = errors(validate(write_submission(hub, frame), hub))

    assert "outcome is 'case0'" in found[0]
    assert any("and 21 more findings like the above" in each for each in found)
    assert compared == [f"case{number}" for number in range(11)]


def without(**where: str) -> pd.DataFrame:
    frame = submission()
    gone = pd.Series(True, index=frame.index)
    for name, value in where.items():
        gone &= frame[name] == value
    assert gone.any()
    return frame[~gone]


SOUTH_1 = {"outcome": "cases", "region": "south", "horizon": "1"}


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (
            edited("region", "east", region="south"),
            "region is 'east' for target 'cases'; expected one of north, south, west",
        ),
        (
            edited("value", "5.5", **SOUTH_1, output_type_id="0.5"),
            "of 'cases', quantile are no whole number .*5.5",
        ),
        (edited("output_type_id", "0.25", output_type_id="0.1"), "output_type_id is '0.25'"),
        (edited("output_type_id", "x", output_type_id="12"), "sample id 'x'.*a whole number"),
        (edited("output_type_id", "mean", output_type="mean"), "'mean'.*expected NA or nothing"),
        (
            edited("value", "0.8", output_type_id="low"),
            "cdf values fall .*0.8 at low, 0.7 at middle",
        ),
        (edited("value", "1.2", output_type_id="high"), "at most 1"),
        (without(output_type_id="middle"), "no middle; expected all 3 ids of the cdf"),
        (without(**SOUTH_1, output_type="quantile"), "no quantile of 'cases' for .*region south"),
        (without(**SOUTH_1), "required task of 'cases'.*missing.*region south, horizon 1"),
        (
            without(region="north", outcome="cases"),
            "2 required tasks of 'cases' .quantile. missing:.*region north, horizon 1.*horizon 2",
        ),
        (without(region="south", horizon="2", output_type="mean"), "'cases' .mean. missing"),
        (without(output_type_id="1"), "samples of 'cases' number 2 to 3 per task"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_does_not_ask_for_is_refused(hub, frame, says):
    verdict = validate(write_submission(hub, frame), hub)

    assert any(re.search(says, each) for each in errors(verdict)), errors(verdict)


def test_an_optional_horizon_asks_for_the_required_ones_of_its_region(hub):
    """Horizons 1 and 2 and the region north are required of the horizons and regions given."""
    frame = submission()
    more = frame[(frame["region"] == "south") & (frame["horizon"] == "1")].copy()
    more = more[more["output_type"] == "quantile"]
    more["region"], more["horizon"] = "west", "3"

    verdict = validate(write_submission(hub, pd.concat([frame, more])), hub)

    (message,) = [each for each in errors(verdict) if "req_vals" in each]
    assert "3 required tasks" in message
    assert "region north, horizon 3" in message
    assert "region west, horizon 1" in message
    assert "region west, horizon 2" in message


def test_samples_may_be_joint_over_more_than_the_configuration_asks(hub):
    frame = submission()
    samples = frame["output_type"] == "sample"
    frame.loc[samples, "output_type_id"] = frame.loc[samples, "output_type_id"].str[-1]

    assert errors(validate(write_submission(hub, frame), hub)) == []


def test_a_file_in_another_models_folder_is_refused(hub):
    path = write_submission(hub, submission())
    other = path.parent.with_name("c-d")
    other.mkdir()

    verdict = validate(path.rename(other / path.name), hub)

    assert errors(verdict) == [
        "error: the file is in submissions/c-d; expected submissions/a-b/2026-03-02-a-b.csv "
        "[file_location]"
    ]


def test_a_format_that_the_round_does_not_take_is_refused(tmp_path):
    document = tasks()
    document["rounds"][0]["file_format"] = ["parquet"]
    hub = write_hub(tmp_path, document)

    verdict = validate(write_submission(hub, submission()), hub)

    assert errors(verdict) == ["error: the file is csv; expected parquet [file_format]"]


TYPES = {
    "forecast_date": pa.date32(),
    "outcome": pa.string(),
    "region": pa.string(),
    "horizon": pa.int32(),
    "age": pa.string(),
    "output_type": pa.string(),
    "output_type_id": pa.string(),
    "value": pa.float64(),
}


def write_parquet(hub: Path, types: dict[str, pa.DataType], name: str = "2026-03-02-a-b.parquet"):
    frame = submission()
    columns = {}
    for column, type_ in types.items():
        text = pa.array([None if value == "NA" else value for value in frame[column]], pa.string())
        columns[column] = text.cast(type_)
    folder = hub / "submissions" / "a-b"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["2026-03-02-a-b.parquet", "2026-03-02-a-b.gz.parquet"])
def test_parquet_with_the_hubs_types_is_accepted(hub, name):
    assert errors(validate(write_parquet(hub, TYPES, name), hub)) == []


@pytest.mark.parametrize(
    ("column", "type_", "expected"),
    [
        ("forecast_date", pa.string(), "date32"),
        ("forecast_date", pa.timestamp("us"), "date32"),
        ("horizon", pa.float64(), "int32 or int64"),
        ("horizon", pa.string(), "int32 or int64"),
        ("value", pa.string(), "double"),
        ("output_type_id", pa.dictionary(pa.int32(), pa.string()), "string"),
    ],
)
def test_parquet_with_other_types_is_refused(hub, column, type_, expected):
    verdict = validate(write_parquet(hub, TYPES | {column: type_}), hub)

    (finding,) = [each for each in verdict.findings if each.check == "col_types"]
    assert finding.message == f"column {column} is of type {type_}; expected {expected}"


def test_the_text_na_is_no_missing_value_in_parquet(hub):
    path = write_parquet(hub, TYPES)
    table = pq.read_table(path)
    filled = [value or "NA" for value in table["output_type_id"].to_pylist()]
    place = table.column_names.index("output_type_id")
    pq.write_table(table.set_column(place, "output_type_id", pa.array(filled)), path)

    verdict = validate(path, hub)

    (finding,) = [each for each in verdict.findings if each.severity == "error"]
    assert "'NA'" in finding.message
    assert finding.place == "rows 4, 11, 18, 25"


def test_a_round_with_an_id_of_its_own_is_read(tmp_path):
    document = tasks()
    document["rounds"][0] |= {"round_id_from_variable": False, "round_id": "spring_2026"}
    hub = write_hub(tmp_path, document)
    path = write_submission(hub, submission(), "spring_2026-a-b.csv")

    verdict = validate(path, hub)

    assert errors(verdict) == []
    assert verdict.round_id == "spring_2026"


def test_a_column_that_follows_from_others_identifies_no_task(tmp_path):
    document = tasks()
    document["derived_task_ids"] = ["age"]
    hub = write_hub(tmp_path, document)
    frame = submission()
    frame.loc[frame["output_type_id"] == "0.1", "age"] = "0-17"

    assert errors(validate(write_submission(hub, frame), hub)) == []


texts = st.sampled_from(
    ["", "NA", "0", "-1", "1.5", "1e400", "nan", "inf", "0.10", "2026-03-09", "north", "sample"]
) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(row=st.integers(0, 30), column=st.sampled_from(COLUMNS), text=texts)
def test_any_text_in_any_cell_is_judged_and_refused_unless_it_means_the_same(
    hub, row, column, text
):
    frame = submission()
    old = frame.loc[row, column]
    frame.loc[row, column] = text

    verdict = validate(write_submission(hub, frame), hub)

    if verdict.accepted():
        same = {text or "NA", old} == {old}
        in_order = column == "value"  # another number that keeps the order and the range
        renamed = old.isdigit() and text.lstrip("-").isdigit()  # a sample may have another id
        assert same or in_order or (column == "output_type_id" and renamed)


def test_a_value_of_a_derived_column_that_is_not_the_hubs_is_named_apart(tmp_path):
    document = tasks()
    document["derived_task_ids"] = ["age"]
    hub = write_hub(tmp_path, document)
    frame = submission()
    frame["age"] = frame["age"].replace("0-17", "under 18")

    verdict = validate(write_submission(hub, frame), hub)

    (finding,) = [each for each in verdict.findings if each.severity == "error"]
    assert finding.check == "derived_task_id_vals"
    assert finding.message.startswith("age is 'under 18' for target 'level'")
