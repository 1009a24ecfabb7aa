"""Combine forecasts of several models by median, mean and linear pool."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast_hub.combining import ensemble
from forecast_hub.combining.ensemble import combine, combine_files
from forecast_hub.command import app
from forecast_hub.errors import DataError, HubError

EQUAL = {"a-x": 1.0, "b-y": 1.0, "c-z": 1.0}
COLUMNS = "reference_date,target,horizon,location,target_end_date,output_type,output_type_id,value"


def quantiles(model, values, location="01", levels=("0.25", "0.5", "0.75")):
    return pd.DataFrame(
        [
            (model, location, "quantile", level, value)
            for level, value in zip(levels, values, strict=True)
        ],
        columns=["model", "location", "output_type", "output_type_id", "value"],
    )


def combined(*parts, weights=EQUAL, method="median"):
    return combine(pd.concat(parts, ignore_index=True), weights, method)["value"].tolist()


def run(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


A, B, C = (
    quantiles("a-x", [10, 20, 30]),
    quantiles("b-y", [20, 30, 40], levels=("0.250", "0.500", "0.750")),
    quantiles("c-z", [30, 100, 200]),
)


def test_quantiles_are_combined_by_level_however_it_is_written():
    assert combined(A, B, C) == [20, 30, 40]
    assert combined(A, B) == [15, 25, 35]
    assert combined(A, B, C, method="mean") == [20, 50, 90]


def test_weights_move_median_and_mean():
    weights = {"a-x": 3.0, "b-y": 1.0, "c-z": 1.0}

    assert combined(A, B, C, weights=weights) == [10, 20, 30]
    assert combined(A, B, weights=weights, method="mean") == [12.5, 22.5, 32.5]


def test_a_linear_pool_inverts_the_mean_of_the_distributions():
    # The mean distribution is 1/8 at 10, 3/8 at 20, 5/8 at 30 and 7/8 at 40.
    found = combined(A, quantiles("b-y", [20, 30, 40]), method="linear-pool")

    assert found == pytest.approx([15, 25, 35])


def test_targets_of_a_linear_pool_may_have_different_levels():
    """The members of each task agree, so their pool is what each of them says."""
    parts = [
        quantiles(model, values, location, levels)
        for model in ("a-x", "b-y")
        for location, values, levels in (
            ("01", [1, 2, 3], ("0.25", "0.5", "0.75")),
            ("02", [10, 20, 30, 40, 50], ("0.1", "0.25", "0.5", "0.75", "0.9")),
        )
    ]

    assert combined(*parts, method="linear-pool") == pytest.approx([1, 2, 3, 10, 20, 30, 40, 50])


def test_seventy_members_are_combined_by_those_that_have_a_task():
    names = [f"m-{number:02}" for number in range(70)]
    parts = [
        quantiles(name, [value] * 3, location)
        for location, value, those in (("01", 1, names[64:67]), ("02", 2, names[67:]))
        for name in those
    ] + [quantiles(name, [number] * 3, "03") for number, name in enumerate(names)]

    found = combined(*parts, weights=dict.fromkeys(names, 1.0))

    assert found == [1] * 3 + [2] * 3 + [34.5] * 3


def test_a_task_that_a_member_lacks_is_combined_of_the_others():
    other = quantiles("c-z", [1, 2, 3], "02")

    assert combined(A, B, other) == [15, 25, 35, 1, 2, 3]


def shares(**of_models):
    """Return the probabilities of two classes of each model."""
    return pd.DataFrame(
        [
            (model.replace("_", "-"), "01", "pmf", name, value)
            for model, values in of_models.items()
            for name, value in zip(("up", "down"), values, strict=True)
        ],
        columns=["model", "location", "output_type", "output_type_id", "value"],
    )


def test_probabilities_are_averaged():
    found = combine(shares(a_x=[0.2, 0.8], b_y=[0.6, 0.4]), EQUAL)

    assert found.set_index("output_type_id")["value"].to_dict() == pytest.approx(
        {"up": 0.4, "down": 0.6}
    )


def test_probabilities_whose_mean_a_hub_would_refuse_are_refused():
    """Hubs permit that a sum differs from 1 by 1.49e-8."""
    combine(shares(a_x=[0.2, 0.8 + 1.4e-8], b_y=[0.6, 0.4]), EQUAL)

    with pytest.raises(DataError, match=r"a-x: the probabilities do not add up to 1 for locat"):
        combine(shares(a_x=[0.2, 0.8 + 1e-7], b_y=[0.6, 0.4]), EQUAL)


def test_a_mean_is_within_what_its_members_give():
    """The sum of these shares of 1 is rounded to 1.0000000000000002."""
    weights = dict(zip(["a-x", "b-y", "c-z", "d-x", "e-y"], [1, 4, 2, 3, 3], strict=True))
    parts = [quantiles(name, [1, 1, 1]) for name in weights]

    assert combined(*parts, weights=weights, method="mean") == [1, 1, 1]


def test_members_with_other_levels_or_the_same_twice_are_refused():
    with pytest.raises(
        DataError, match=r"other quantile levels than other members for location 01"
    ):
        combined(A, quantiles("b-y", [1, 2], levels=("0.25", "0.5")))
    with pytest.raises(DataError, match=r"a-x: location 01.* is there twice"):
        combined(A, A)
    with pytest.raises(DataError, match=r"b-y: quantiles fall for location 01"):
        combined(A, quantiles("b-y", [20, 40, 30]))
    with pytest.raises(DataError, match="no output type quantile or pmf"):
        combined(A.assign(output_type="sample"))


@pytest.fixture
def files(tmp_path):
    """Return forecasts of two models on two dates, the first of which is known."""
    paths = []
    for day in ("2025-01-04", "2025-01-11"):
        for model, shift in (("a-x", 1), ("b-y", 9)):
            rows = [
                f"{day},cases,0,north,{day},quantile,{level},{100 + shift + 10 * step}"
                for step, level in enumerate((0.25, 0.5, 0.75), start=-1)
            ]
            paths.append(tmp_path / f"{day}-{model}.csv")
            paths[-1].write_text("\n".join([COLUMNS, *rows]) + "\n")
    return paths


def test_members_are_weighed_by_earlier_scores_only(files, tmp_path):
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,north,100\n2025-01-11,north,109\n")

    found = combine_files(files, "2025-01-11", "mean", observed)

    assert found["value"].between([91, 101, 111], [95, 105, 115], inclusive="neither").all()
    with pytest.raises(HubError, match="no earlier forecast of the members has an outcome"):
        combine_files(files, "2025-01-04", "mean", observed)


def test_members_are_weighed_by_the_age_groups_that_all_of_them_forecast(tmp_path):
    """Both are as good for the young; for the old there are forecasts of one member alone."""
    columns = COLUMNS.replace("location,", "location,age_group,")
    observed = tmp_path / "observed.csv"
    groups = [("young", 100), ("old", 900)]
    rows = [f"2025-01-04,north,{age},{value}" for age, value in groups]
    observed.write_text("\n".join(["date,location,age_group,value", *rows]) + "\n")
    paths = []
    for model, ages in (("a-x", ["young", "old"]), ("b-y", ["young"])):
        for day in ("2025-01-04", "2025-01-11"):
            middle = 100 if day == "2025-01-04" else 100 + 10 * len(ages)
            rows = [
                f"{day},cases,0,north,{age},{day},quantile,{level},{middle + 10 * step}"
                for age in ages
                for step, level in enumerate((0.25, 0.5, 0.75), start=-1)
            ]
            paths.append(tmp_path / f"{day}-{model}.csv")
            paths[-1].write_text("\n".join([columns, *rows]) + "\n")

    found = combine_files(paths, "2025-01-11", "mean", observed).set_index("age_group")

    assert found.loc["young", "value"].tolist() == pytest.approx([105, 115, 125])


@pytest.mark.parametrize("column", ["reference_date", "location", "target_end_date", "target"])
def test_a_column_that_the_files_of_a_member_lack_is_named(files, tmp_path, column):
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,north,100\n")
    for path in files[1::2]:
        pd.read_csv(path, dtype=str).drop(columns=column).to_csv(path, index=False)

    with pytest.raises(DataError, match=f"b-y: its forecasts have no column {column}"):
        combine_files(files, "2025-01-11", "mean", observed)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_an_ensemble_has_the_names_of_the_columns_of_its_members(files, tmp_path, suffix):
    """A hub refuses a file whose columns have other names than its own."""
    names = {"reference_date": "origin_date", "target_end_date": "target_date"}
    paths = [*files[:2], *(path.with_suffix("").with_suffix(suffix) for path in files[2:])]
    for path, other in zip(files[2:], paths[2:], strict=True):
        rows = pd.read_csv(path, dtype=str).rename(columns=names)
        rows.to_parquet(other) if suffix == ".parquet" else rows.to_csv(other, index=False)
    done = run("ensemble", *paths, "--output", tmp_path / "2025-01-11-c-z.csv")

    assert done.exit_code == 0, done.output
    header = pd.read_csv(tmp_path / "2025-01-11-c-z.csv").columns
    assert list(header) == [names.get(name, name) for name in COLUMNS.split(",")]


def test_members_are_weighed_by_what_was_known_in_any_kind_of_target_data(files, tmp_path):
    observed = tmp_path / "observed.csv"
    header = "target_end_date,location,oracle_value,output_type,output_type_id,as_of"
    for known_on in ("2025-01-08", "2025-02-01"):
        observed.write_text(f"{header}\n2025-01-04,north,100,quantile,NA,{known_on}\n")
        if known_on < "2025-01-11":
            found = combine_files(files, "2025-01-11", "mean", observed)
            assert found["value"].between([91, 101, 111], [95, 105, 115]).all()
    with pytest.raises(DataError, match=r"its first version is of 2025-02-01, after 2025-01-11; "):
        combine_files(files, "2025-01-11", "mean", observed)


def test_a_location_of_a_member_without_its_zeros_is_named_with_file_and_line(files, tmp_path):
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,06,100\n")
    for path, location in zip(files, ("06", "6", "06", "06"), strict=True):
        path.write_text(path.read_text().replace("north", location))

    with pytest.raises(DataError, match=r"2025-01-04-b-y.csv, line 2: location '6' .* '06'"):
        combine_files(files, "2025-01-11", "mean", observed)


def test_members_by_age_are_not_weighed_by_what_is_of_all_ages(files, tmp_path):
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,north,100\n")
    for path in files:
        pd.read_csv(path, dtype=str).assign(age_group="old").to_csv(path, index=False)

    with pytest.raises(DataError, match="has an outcome before 2025-01-11"):
        combine_files(files, "2025-01-11", "mean", observed)


def test_the_command_writes_the_ensemble_of_the_round_in_its_name(files, tmp_path):
    path = tmp_path / "out" / "2025-01-11-c-z.csv"
    done = run("ensemble", *files, "--output", path)

    assert done.exit_code == 0, done.output
    assert path.read_text().splitlines()[1].endswith("2025-01-11,quantile,0.25,95")
    wrong = run("ensemble", *files, "--output", tmp_path / "c-z.csv")
    assert (wrong.exit_code, "expected <date>-<team>-<model>.csv" in wrong.stderr) == (2, True)
    alone = run("ensemble", files[2], "--output", path)
    assert (alone.exit_code, "expected files of two models" in alone.stderr) == (2, True)


def test_files_of_rounds_that_are_not_used_are_left_out_with_a_warning(files, tmp_path, caplog):
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,north,100\n")

    combine_files(files, "2025-01-11", "mean", observed)
    assert caplog.text == ""
    combine_files(files, "2025-01-11")
    assert "forecasts of 2025-01-04 are left out: the ensemble is of 2025-01-11" in caplog.text
    combine_files(files, "2025-01-04")
    assert "forecasts of 2025-01-11 are left out: the ensemble is of 2025-01-04" in caplog.text


def test_other_output_types_are_left_out(caplog):
    assert combined(A, B, A.assign(output_type="sample")) == [15, 25, 35]
    assert "sample is not combined" in caplog.text
    assert ensemble.COMBINED == ("quantile", "pmf")


def test_a_file_that_cannot_be_written_leaves_nothing(files, tmp_path):
    path = tmp_path / "2025-01-11-c-z.csv"
    path.mkdir()

    done = run("ensemble", *files, "--output", path)

    assert (done.exit_code, "cannot be written" in done.stderr) == (2, True)
    assert [each for each in tmp_path.iterdir() if each.name.startswith(".")] == []
