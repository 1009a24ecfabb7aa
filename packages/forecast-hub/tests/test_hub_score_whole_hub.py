"""``forecast-hub score --hub DIR``: which submissions of a whole hub are scored."""

import pandas as pd
import pytest
from made_up_forecasts import (
    COLUMNS,
    means,
    peak_rows,
    run,
    wis,
    write_forecast,
)
from made_up_hubs import scorable, tasks, write_hub


def test_without_files_every_model_of_the_hub_is_scored(observed, hub):
    found = means("--hub", hub, "--target-data", observed)

    assert found == {
        "x-baseline": (2, wis(6)),
        "x-ensemble": (1, wis(3)),
        "y-z": (1, wis(2)),
    }


def test_models_and_reference_dates_can_be_chosen(observed, hub):
    one = means("--hub", hub, "--target-data", observed, "--model", "x-baseline")
    early = means("--hub", hub, "--target-data", observed, "--to", "2025-01-10")
    late = means("--hub", hub, "--target-data", observed, "--from", "2025-01-11")

    assert one == {"x-baseline": (2, wis(6))}
    assert early["x-baseline"] == (1, wis(6))
    assert late == {"x-baseline": (1, wis(6))}


@pytest.mark.parametrize("name", ["2025-01-04-x-y.csv", "spring-y-z.csv", "2025-01-04-y-z (1).csv"])
def test_of_a_whole_hub_a_file_with_another_name_is_left_out_with_a_warning(
    observed, hub, caplog, name
):
    own = hub / "submissions" / "y-z" / "2025-01-04-y-z.csv"
    own.with_name(name).write_text(own.read_text())

    assert means("--hub", hub, "--target-data", observed)["y-z"] == (1, wis(2))
    assert (
        f"{own.with_name(name)}: not scored: expected its name to be <date>-y-z.csv" in caplog.text
    )


def test_of_a_whole_hub_bad_files_are_left_out_unless_all_are(observed, hub, caplog):
    files = sorted((hub / "submissions").glob("*/*.csv"))
    files[0].write_text("no forecast")

    found = means("--hub", hub, "--target-data", observed)
    assert found == {"x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3)), "y-z": (1, wis(2))}
    assert f"{files[0]}: not compared: no column" in caplog.text

    for path in files:
        path.write_text("no forecast")
    done = run("--hub", hub, "--target-data", observed)
    assert done.exit_code == 2
    assert "can be scored; see the warnings" in done.stderr


OTHERS = {"x-ensemble": (1, wis(3)), "y-z": (1, wis(2))}


def test_of_a_whole_hub_the_quantiles_of_most_files_count_not_those_of_the_first(
    observed, hub, caplog
):
    odd = sorted((hub / "submissions" / "x-baseline").iterdir())
    for path in odd:
        path.write_text(path.read_text().replace("0.25", "0.2").replace("0.75", "0.8"))
    write_forecast(hub / "submissions" / "y-z", "y-z", "2025-01-11", 2)

    found = means("--hub", hub, "--target-data", observed)

    assert found == OTHERS | {"y-z": (2, wis(2))}
    says = "its quantiles of 'cases' are 0.2, 0.5, 0.8; expected 0.25, 0.5, 0.75"
    assert [f"{path}: not compared: {says}" in caplog.text for path in odd] == [True, True]


def test_of_a_whole_hub_the_quantiles_that_the_hub_permits_count(observed, hub):
    """One file has 0.1, 0.5 and 0.9, as the hub says; three have other levels."""
    write_hub(hub, scorable(tasks()))
    path = hub / "submissions" / "y-z" / "2025-01-04-y-z.csv"
    path.write_text(path.read_text().replace("0.25", "0.10").replace("0.75", "0.90"))

    assert list(means("--hub", hub, "--target-data", observed)) == ["y-z"]


def test_of_a_whole_hub_a_file_with_other_weeks_of_a_season_is_left_out(tmp_path, caplog):
    """Its further week was not observed, so that the season would have no peak for all models."""
    hub = write_hub(tmp_path / "hub", tasks())
    day, weeks = "2025-01-04", ("2025-01-04", "2025-01-11")
    for model, rows in (
        ("a-more", [*peak_rows(day, weeks), f"{day},peak week inc flu hosp,,01,,pmf,2025-01-18,0"]),
        ("b-one", peak_rows(day, weeks)),
        ("c-less", [f"{day},peak week inc flu hosp,,01,,pmf,2025-01-04,1"]),
        ("d-two", peak_rows(day, weeks)),
    ):
        path = hub / "submissions" / model / f"{day}-{model}.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,01,50\n2025-01-11,01,60\n")

    done = run("--hub", hub, "--target-data", observed, "--output", tmp_path / "scores")

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "scores" / "pmf_scores.csv.gz").set_index("model")
    assert scores["probability"].to_dict() == {"b-one": 0.25, "d-two": 0.25}
    for model, says in (("a-more", "a probability of 2025-01-18"), ("c-less", "no probability of")):
        assert f"{day}-{model}.csv: not compared: {says}" in caplog.text
