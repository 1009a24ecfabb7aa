from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from epyflow.data.coverage import read_coverage, read_preprocessed
from epyflow.errors import DataError
from epyflow.model.vaccination import distribute_doses
from epyflow.population.age_groups import overlap_shares, parse_age_groups

NAMES = {"Massachusetts", "US-MA", "MA", "25"}
SATURDAYS = [date(2024, 9, 7) + timedelta(7 * week) for week in range(3)]


def shares(group):
    """Children and adults; a third of those of 13 to 20 are adults."""
    return np.array(
        {
            "5-12 Years": [1.0, 0.0],
            "13-17 Years": [1.0, 0.0],
            "13-20 Years": [2 / 3, 1 / 3],
            "65+ Years": [0.0, 1.0],
        }[group.label]
    )


def coverage_file(tmp_path, series, columns=("Coverage",), place="Massachusetts"):
    """Write one row per (age, population, percentages of successive weeks)."""
    lines = [",".join(["Geography", "Age", "Population", "Week_Ending_Sat", *columns])]
    for age, population, percentages in series:
        for week, percent in zip(SATURDAYS, percentages, strict=False):
            lines.append(f"{place},{age},{population},{week},{percent}")
    path = tmp_path / "coverage.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def read(path, scenario=None):
    return read_coverage(path, NAMES, scenario, shares)


def test_a_weeks_increment_is_given_evenly_from_sunday_to_saturday(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10, 10, 40])])

    doses = read(path)

    # 10% of 700 are 70 in the first week, none in the second, 30% are 210 in the third.
    assert doses.first_day == date(2024, 9, 1)
    assert doses.doses[:, 1] == pytest.approx([10.0] * 7 + [0.0] * 7 + [30.0] * 7)
    assert not doses.doses[:, 0].any()


def test_ages_of_the_data_are_divided_among_those_of_the_model(tmp_path):
    series = [("5-12 Years", 1400, [5]), ("13-20 Years", 2100, [10]), ("65+ Years", 700, [1])]

    doses = read(coverage_file(tmp_path, series))

    # A day: 10 to children; 30, of which 10 to adults; 1 to adults.
    assert doses.doses == pytest.approx(np.tile([30.0, 11.0], (7, 1)))


def test_ages_made_up_of_others_are_left_out(tmp_path):
    series = [("5-12 Years", 700, [10]), ("13-17 Years", 700, [10]), ("5-17 Years", 1400, [10])]

    assert read(coverage_file(tmp_path, series)).doses.sum() == pytest.approx(140.0)


def test_ages_that_begin_in_different_weeks_are_laid_side_by_side(tmp_path):
    path = coverage_file(tmp_path, [("5-12 Years", 700, [10, 20]), ("65+ Years", 700, [0, 30])])
    path.write_text(path.read_text().replace(f"Massachusetts,65+ Years,700,{SATURDAYS[0]},0\n", ""))

    doses = read(path)

    assert doses.doses[:, 0] == pytest.approx([10.0] * 14)
    assert doses.doses[:, 1] == pytest.approx([0.0] * 7 + [30.0] * 7)


@pytest.mark.parametrize("place", ["massachusetts", "US-MA", "MA", "25"])
def test_the_place_is_found_in_any_spelling(tmp_path, place):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10])], place=place)

    assert read(path).doses.sum() == pytest.approx(70.0)


def test_other_places_do_not_count(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10])])
    path.write_text(path.read_text() + "New York,65+ Years,700,2024-09-06,nonsense\n")

    assert read(path).doses.sum() == pytest.approx(70.0)


def test_a_place_that_is_missing_is_an_error(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10])], place="Maine")

    with pytest.raises(DataError, match=r"coverage\.csv: Geography: no row for 25 or MA .* Ma"):
        read(path)


@pytest.mark.parametrize("prefix", ["flu.coverage.rd2425.", "flu_", ""])
def test_a_scenario_is_chosen_by_the_name_after_sc(tmp_path, prefix):
    columns = (f"{prefix}sc_A_B", f"{prefix}sc_C")
    path = coverage_file(tmp_path, [("65+ Years", 700, ["10,20"])], columns)

    assert read(path, "A_B").doses.sum() == pytest.approx(70.0)
    assert read(path, "C").doses.sum() == pytest.approx(140.0)


def test_a_choice_of_several_scenarios_must_be_made(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, ["10,20"])], ("sc_A_B", "sc_C"))

    with pytest.raises(DataError, match="several scenarios; choose one of A_B, C"):
        read(path)


@pytest.mark.parametrize("scenario", ["B", "a_b", ""])
def test_an_unknown_scenario_is_an_error_that_lists_those_there(tmp_path, scenario):
    path = coverage_file(tmp_path, [("65+ Years", 700, ["10,20"])], ("sc_A_B", "sc_C"))

    with pytest.raises(DataError, match=r"no column of scenario .*; the file has A_B, C"):
        read(path, scenario)


def test_one_scenario_needs_no_choice(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10])], ("flu.sc_A",))

    assert read(path).doses.sum() == read(path, "A").doses.sum() == pytest.approx(70.0)


def test_a_scenario_of_a_file_without_scenarios_has_no_effect(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10])])

    assert read(path, "any text").doses.sum() == read(path).doses.sum() == pytest.approx(70.0)


def doses_by_scenario(folder, *names):
    """Return doses of one day for each scenario: 1 for the first, 2 for the second."""
    path = folder / "doses.csv"
    rows = [f"2024-09-01,US-MA,{number},{name}" for number, name in enumerate(names, start=1)]
    path.write_text("\n".join(["dates,location,0+,scenario", *rows]) + "\n")
    return path


def test_doses_of_the_chosen_scenario_are_read(tmp_path):
    path = doses_by_scenario(tmp_path, "low", "high")

    assert read_preprocessed(path, ["US-MA"], ["0+"], "high").doses.tolist() == [[2.0]]


def test_doses_of_one_scenario_need_no_choice(tmp_path):
    path = doses_by_scenario(tmp_path, "low")

    assert read_preprocessed(path, ["US-MA"], ["0+"]).doses.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        (None, "several scenarios; choose one of low, high"),
        ("mid", "no scenario mid; the file has low, high"),
    ],
)
def test_doses_of_several_scenarios_need_a_choice_that_exists(tmp_path, scenario, what):
    with pytest.raises(DataError, match=what):
        read_preprocessed(doses_by_scenario(tmp_path, "low", "high"), ["US-MA"], ["0+"], scenario)


def test_two_columns_of_one_scenario_are_an_error(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, ["10,20"])], ("flu.sc_A", "covid.sc_A"))

    with pytest.raises(DataError, match="several columns of scenario A"):
        read(path, "A")


def test_a_file_without_coverage_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no column of coverage; expected Coverage or sc_<NAME>"):
        read(coverage_file(tmp_path, [("65+ Years", 700, [10])], ("percent",)))


def test_coverage_that_falls_is_an_error_that_names_place_age_and_week(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10, 9, 12])])

    message = (
        r"coverage\.csv:3: Coverage: Massachusetts, 65\+ Years, week ending 2024-09-14: "
        r"cumulative coverage falls from 10\.0 to 9\.0; expected a value that does not fall"
    )
    with pytest.raises(DataError, match=message):
        read(path)


def test_a_dip_within_the_precision_of_the_data_gives_no_doses_and_takes_none_back(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 70_000, [10, 9.97, 10.03])])

    # Highest values so far: 10, 10, 10.03 percent of 70,000.
    doses = read(path).doses[:, 1]
    assert doses == pytest.approx([1000.0] * 7 + [0.0] * 7 + [3.0] * 7)


def test_everybody_may_be_vaccinated(tmp_path):
    doses = read(coverage_file(tmp_path, [("65+ Years", 700, [100])])).doses

    assert doses[:, 1] == pytest.approx([100.0] * 7)


def test_small_dips_do_not_add_up(tmp_path):
    with pytest.raises(DataError, match=r"falls from 10\.0 to 9\.92"):
        read(coverage_file(tmp_path, [("65+ Years", 700, [10, 9.96, 9.92])]))


@pytest.mark.parametrize(
    ("percent", "message"),
    [
        ("101", "65\\+ Years, week ending 2024-09-07: coverage is 101.0 percent; expected at most"),
        ("-1", "Coverage: is '-1'; expected a number from 0 to"),
        ("NA", "Coverage: is 'NA'"),
    ],
)
def test_a_percentage_that_is_none_is_an_error(tmp_path, percent, message):
    with pytest.raises(DataError, match=message):
        read(coverage_file(tmp_path, [("65+ Years", 700, [percent])]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "2024-09-07",
            "2024-09-06",
            "week ending 2024-09-06 ends on a Friday; expected a Saturday",
        ),
        (
            "2024-09-14",
            "2024-09-28",
            "week ending 2024-09-21 follows the week ending 2024-09-07; expected weeks",
        ),
        ("2024-09-14", "2024-09-07", "week ending 2024-09-07 is on line 2 already"),
        ("2024-09-14", "14/09/2024", "csv:3: Week_Ending_Sat: '14/09/2024' is not a date"),
    ],
)
def test_weeks_must_follow_one_another(tmp_path, old, new, message):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10, 10, 40])])

    with pytest.raises(DataError, match=message):
        read(replace(path, old, new))


def test_the_order_of_the_rows_does_not_matter(tmp_path):
    path = coverage_file(tmp_path, [("65+ Years", 700, [10, 10, 40])])
    expected = read(path).doses
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(rows)]))

    assert np.array_equal(read(path).doses, expected)


def test_an_age_that_is_none_is_an_error(tmp_path):
    with pytest.raises(DataError, match='csv:2: Age: age interval "Adults" is not understood'):
        read(coverage_file(tmp_path, [("Adults", 700, [10])]))


def test_ages_that_overlap_in_part_are_an_error(tmp_path):
    path = coverage_file(tmp_path, [("5-12 Years", 700, [10]), ("12-17 Years", 700, [10])])

    with pytest.raises(DataError, match=r"Age: Massachusetts: .* overlap partly"):
        read(path)


@pytest.mark.shared
@pytest.mark.parametrize("place", ["United States", "Massachusetts", "New York", "Alabama"])
def test_a_published_scenario_is_read_and_none_of_its_doses_is_lost(shared, place):
    model = parse_age_groups(("0-4", "5-17", "18-49", "50-64", "65+"))
    path = shared / "data" / "vaccination" / "flu_coverage_rd2425.csv.gz"

    doses = read_coverage(
        path, {place}, "C_D", lambda group: overlap_shares([group], model, model, np.ones(5))[0]
    )

    assert doses.first_day == date(2024, 8, 11)
    assert doses.doses.shape == (44 * 7, 5)
    assert (doses.doses >= 0).all()
    assert doses.doses.sum(axis=0) == pytest.approx(_highest_coverage(path, place), rel=1e-12)
    schedule = distribute_doses(doses, date(2024, 10, 9), 365 * 5, 0.2)
    assert schedule.sum(axis=0) * 0.2 == pytest.approx(doses.doses.sum(axis=0), rel=1e-12)


def _highest_coverage(path, place):
    """Sum, per age group of the model, the population times its highest coverage."""
    table = pd.read_csv(path)
    of_place = table[table["Geography"] == place].groupby("Age")
    vaccinated = of_place["Population"].first() * of_place["flu.coverage.rd2425.sc_C_D"].max() / 100
    ages = vaccinated.to_dict()
    return [
        ages["6 Months - 4 Years"],
        ages["5-12 Years"] + ages["13-17 Years"],
        ages["18-49 Years"],
        ages["50-64 Years"],
        ages["65+ Years"],
    ]
