"""Describe scores beside the baseline's, and warn of worse ones."""

from datetime import date, timedelta

import pytest

from epyflow.report.recent_scores import Week, compare_in_words, read_weeks, warn_of_recent

LAST = date(2025, 2, 15)


def week(before, wis, base=2.0, *, scale="natural", number=8, model="uni-sir", target="flu"):
    """The scores of a reference date so many weeks before the last."""
    day = LAST - timedelta(weeks=before)
    return Week(model, target, scale, day, number, wis, base, "a-base")


def both(before, natural, log):
    return [week(before, natural, number=4), week(before, log, scale="log", number=4)]


def by_scale(weeks):
    return sorted(weeks, key=lambda each: each.scale, reverse=True)


def test_worse_last_weeks_are_told_in_numbers():
    """On counts (3 * 3 + 1) / (4 * 2); on logarithms as good."""
    weeks = [*(week(n, 3.0) for n in (2, 1, 0)), week(3, 1.0)]
    weeks += [week(n, 2.0, scale="log") for n in range(4)]

    (said,) = warn_of_recent(weeks)

    assert said == (
        "flu: in the last four weeks (reference dates 2025-01-25 to 2025-02-15) the forecasts were "
        "worse than a-base: WIS 1.25 times (on counts) and 1.00 times (on logarithms) the "
        "baseline's, over 32 later observations."
    )


@pytest.mark.parametrize(("natural", "log", "warned"), [(2, 2, 0), (2.1, 1, 1), (1, 2.1, 1)])
def test_one_scale_is_enough(natural, log, warned):
    assert len(warn_of_recent(both(0, natural, log))) == warned


def test_weeks_are_weighted_by_their_forecasts():
    """Means: (12 * 1 + 4 * 4) / 16 = 1.75 beside 2."""
    assert warn_of_recent([week(0, 1.0, number=12), week(1, 4.0, number=4)]) == []


def test_weeks_before_the_last_four_and_other_models_do_not_count():
    weeks = [week(4, 100.0), week(0, 1.0), week(0, 100.0, model="a-ensemble")]

    assert warn_of_recent(weeks) == []
    assert len(warn_of_recent([week(3, 100.0), *weeks])) == 1


def test_each_target_has_its_own_last_weeks():
    weeks = [week(9, 5.0, target="covid"), week(0, 1.0)]

    (said,) = warn_of_recent(weeks)

    assert said.startswith("covid: in the last four weeks (reference date 2024-12-14) ")


def test_a_worse_score_never_gets_fewer_warnings():
    rows = [*(week(n, 0.5) for n in range(6)), *(week(n, 0.9, scale="log") for n in range(6))]
    found = [
        len(warn_of_recent([row._replace(wis=row.wis * factor) for row in rows]))
        for factor in (1, 2, 3, 5, 100)
    ]

    assert found == sorted(found) == [0, 0, 1, 1, 1]


def test_any_score_is_worse_than_none_of_the_baseline():
    (said,) = warn_of_recent([week(0, 0.1, 0.0)])

    assert "inf times" in said
    assert warn_of_recent([week(0, 0.0, 0.0)]) == []


def test_scores_are_compared_over_all_weeks_and_the_last_four():
    """Over all (6 + 2) / (2 + 2) beside the ensemble's 1 / 2; the last four have 2 / 2."""
    weeks = [
        week(5, 6.0),
        week(0, 2.0),
        week(0, 1.0, model="a-ensemble"),
        week(0, 2, model="a-base"),
    ]

    (said,) = compare_in_words(weeks)

    assert said == (
        "flu: over 16 later observations, WIS 2.00 times (on counts) that of a-base; that of "
        "a-ensemble 0.50 times (on counts); in the last four weeks the run's 1.00 times (on "
        "counts)."
    )
    assert "four weeks" not in compare_in_words(weeks[1:2])[0]


def test_a_table_is_read_without_rows_that_have_no_baseline():
    table = (
        "model,target,scale,reference_date,forecasts,wis,baseline_wis,relative_wis,baseline\n"
        "uni-sir,flu,natural,2025-02-15,8,3,2,1.5,a-base\n"
        "uni-sir,flu,log,2025-02-15,8,3,,,\n"
    )

    assert read_weeks(table.encode()) == (week(0, 3.0),)
    assert warn_of_recent(()) == compare_in_words(()) == []
