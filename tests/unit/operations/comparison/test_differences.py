import numpy as np
import pandas as pd
import pytest

from epyflow.errors import DataError
from epyflow.operations.comparison.differences import join, pair, summarise

DATES = ("2025-01-04", "2025-01-11")


def quantiles(values: dict[float, tuple[float, float]], seed: int = 1) -> pd.DataFrame:
    """Return a quantiles table of one place: a value per date for each level."""
    rows = [
        (0, seed, "MA", day, level, value, "US-MA")
        for level, each in values.items()
        for day, value in zip(DATES, each, strict=True)
    ]
    columns = ["primary_id", "seed", "population", "date", "quantile", "S_to_I_total", "location"]
    return pd.DataFrame(rows, columns=columns)


def trajectories(*values: tuple[float, float], seed: int = 1) -> pd.DataFrame:
    rows = [
        (0, number, seed, "MA", day, value, "US-MA")
        for number, each in enumerate(values)
        for day, value in zip(DATES, each, strict=True)
    ]
    columns = ["primary_id", "sim_id", "seed", "population", "date", "S_to_I_total", "location"]
    return pd.DataFrame(rows, columns=columns)


def test_medians_and_bounds_are_subtracted_by_row_whatever_the_order_and_the_seed():
    first = quantiles({0.025: (1, 2), 0.5: (10, 20), 0.975: (30, 40)})
    second = quantiles({0.975: (31, 45), 0.5: (12, 15), 0.025: (0, 2)}, seed=7)

    found = join(first, second)

    assert found.difference().columns.tolist() == first.columns.tolist()
    assert found.difference()["S_to_I_total"].tolist() == [-1, 0, 2, -5, 1, 5]
    assert (found.only_first, found.only_second) == (0, 0)
    (line,) = summarise("t", found).to_dict("records")
    assert (line["date"], line["largest_difference"], line["percent"]) == (DATES[1], -5, -25)
    assert (line["median_first"], line["median_second"], line["rows"]) == (20, 15, 2)


def test_rows_of_one_run_only_are_counted_and_empty_cells_have_no_difference():
    first = quantiles({0.5: (10, 20)})
    second = quantiles({0.5: (10, 20), 0.25: (1, 1)}).iloc[1:].assign(S_to_I_total=["", 1, 2])

    found = join(first, second)

    assert (found.only_first, found.only_second) == (1, 2)
    assert found.apart == ("a cell of S_to_I_total",)
    assert summarise("t", found).empty


@pytest.mark.parametrize("missing", [["population", "quantile"], ["sim_id"]])
def test_a_table_without_its_columns_is_refused(missing):
    first = trajectories((1, 2)) if "sim_id" in missing else quantiles({0.5: (10, 20)})

    with pytest.raises(DataError, match=f"no column {', '.join(missing)}; expected a table that"):
        join(first, first.drop(columns=missing))


def test_a_table_with_text_for_a_date_is_refused():
    table = quantiles({0.5: (10, 20)})

    with pytest.raises(DataError, match="'soon' in the column date is no date"):
        join(table, table.assign(date="soon"))


def test_a_row_that_is_there_twice_is_refused():
    first = quantiles({0.5: (10, 20)})

    with pytest.raises(DataError, match="a row is there twice; expected one for each primary_id"):
        join(pd.concat([first, first]), first)


def test_trajectories_with_one_seed_and_number_are_paired():
    first = trajectories((1, 2), (3, 4), (5, 6))
    second = trajectories((2, 2), (5, 8))

    found = join(first, second)
    by_date, totals = pair("t", found)

    # Differences are 1 and 2 on the first date, 0 and 4 on the second; 1 and 6 of the totals.
    medians = by_date[by_date["quantile"] == 0.5]
    assert medians["date"].tolist() == list(DATES)
    assert medians["S_to_I_total"].tolist() == [1.5, 2]
    (line,) = totals.to_dict("records")
    assert (line["trajectories"], line["location"], found.only_first) == (2, "US-MA", 2)
    assert (line["total_first"], line["total_second"], line["difference"]) == (5, 8.5, 3.5)
    assert np.allclose((line["low_95"], line["high_95"]), (1.125, 5.875))
    assert line["p_second_larger"] == 1


def test_trajectories_of_other_seeds_have_no_partner_and_scenarios_are_kept_apart():
    first = trajectories((1, 2))
    assert join(first, trajectories((1, 2), seed=2)).first.empty

    both = pd.concat([first.assign(scenario="a"), first.assign(scenario="b", S_to_I_total=9)])
    by_date, totals = pair("t", join(both, both))
    assert totals["scenario"].tolist() == ["a", "b"]
    assert totals["total_first"].tolist() == [3, 18]
    assert set(by_date["scenario"]) == {"a", "b"}
