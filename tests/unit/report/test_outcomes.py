import json

import pandas as pd
import pytest

from epyflow.experiment.format.forcing import CONTACT_STRENGTH
from epyflow.figures.read_tables import Place
from epyflow.report.headline import INTERVALS
from epyflow.report.outcome_words import closures_in_words, page_of
from epyflow.report.outcomes import COLUMNS, outcomes, write_outcomes
from epyflow.tables.column_descriptions import OUTCOMES

PLACES = (Place("A", "Here"),)
QUANTITIES = {"R0": {"values": [1.5, 2.0]}, "init_I": {"range": [1, 9], "initial": "persons"}}
ABOUT = {
    "quantities": QUANTITIES,
    "labels": {"S": "Susceptible", "I": "Ill"},
    "time": {"period": "week"},
    "forcing": ["school closures"],
    "model": {
        "compartments": [{"id": "S", "label": "Susceptible"}, {"id": "I", "label": "Ill"}],
        "transitions": [{"source": "S", "target": "I", "kind": "mediated"}],
    },
}
DAYS = ("2025-01-04", "2025-01-11", "2025-01-18")


def members(values=(1.5, 2.0)):
    rows = [(n, "A", "ok", 2, value, 90, 10) for n, value in enumerate(values)]
    columns = ["primary_id", "population", "status", "n_sims", "R0", "init_S_total", "init_I_total"]
    return pd.DataFrame(rows, columns=columns)


def samples(*rows):
    columns = ["primary_id", "transition", "source", "total", "peak", "week"]
    return pd.DataFrame(rows, columns=columns)


def test_totals_attack_rates_and_peaks_are_by_the_value_of_each_quantity():
    given = samples(
        *((0, "S_to_I_total", "x", total, total / 2, DAYS[1]) for total in (10.0, 20.0)),
        *((1, "S_to_I_total", "x", total, total / 4, DAYS[2]) for total in (40.0, 60.0)),
    )

    found = outcomes(given, members().set_index("primary_id"), QUANTITIES, {"S_to_I_total"})

    by_value = {(row["quantity"], row["value"]): row for row in found}
    low, high = by_value["R0", "1.5"], by_value["R0", "2"]
    # Of 100 persons, 10 and 20, and 40 and 60.
    assert (low["total_median"], high["total_median"]) == (15.0, 50.0)
    assert (low["attack_percent_median"], high["attack_percent_median"]) == (15.0, 50.0)
    assert (low["peak_size_median"], high["peak_size_median"]) == (7.5, 12.5)
    assert (low["peak_week_median"], high["peak_week_median"]) == (DAYS[1], DAYS[2])
    assert by_value["all", "all"]["total_median"] == 30.0
    assert by_value["all", "all"]["simulations"] == 4


def test_up_to_six_values_have_a_row_each():
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    given = samples(*((n, "S_to_I_total", "x", 1.0, 1.0, DAYS[0]) for n in range(6)))

    found = outcomes(given, members(values).set_index("primary_id"), {"R0": {}}, set())

    assert [row["value"] for row in found] == ["all", "1", "2", "3", "4", "5", "6"]


def test_many_values_are_divided_into_thirds_and_equal_values_stay_together():
    values = [float(n) for n in range(1, 10) for _ in range(2)]
    given = samples(*((n, "S_to_I_total", "x", 1.0, 1.0, DAYS[0]) for n in range(18)))

    found = outcomes(given, members(values).set_index("primary_id"), {"R0": {}}, set())

    assert [(row["value"], row["parameter_sets"]) for row in found[1:]] == [
        ("1 to 3 (lowest third)", 6),
        ("4 to 6 (middle third)", 6),
        ("7 to 9 (highest third)", 6),
    ]


def written(folder, about=ABOUT, **tables):
    files = {}
    for name, table in tables.items():
        files[name] = folder / f"{name}.csv.gz"
        table.to_csv(files[name], index=False)
    write_outcomes(files, PLACES, about, numbers=folder / "o.csv", page=folder / "o.json")
    return pd.read_csv(folder / "o.csv"), json.loads((folder / "o.json").read_text())


def rows_of(column, *values_of, **keys):
    rows = [
        {"primary_id": n, "population": "A", "date": day, column: value, **keys}
        for n, values in enumerate(values_of)
        for day, value in zip(DAYS, values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_trajectories_are_used_where_the_run_has_them_and_medians_elsewhere(tmp_path):
    medians = rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), quantile=0.5)
    medians["I_to_R_total"] = 1
    whole = rows_of("I_to_R_total", (1, 0, 2), (4, 6, 0), sim_id=0)

    table, page = written(
        tmp_path,
        model_metadata=members(),
        quantiles_transitions=medians,
        trajectories_transitions=whole,
    )

    assert set(table["source"]) == {"trajectories", "medians of each period"}
    chosen = table[(table["quantity"] == "R0") & (table["transition"] == "I_to_R_total")]
    assert chosen["total_median"].tolist() == [3.0, 10.0]
    # Totals from 3 to 10 and from 8 to 30; peaks from 2 on January 18 to 6 on January 11, and
    # from 5 on January 11 to 20 on January 18.
    assert page["sentences"] == [
        "R0 2 against 1.5: Ill → R +233% in total and +200% at the peak, which is 1 week earlier; "
        "Susceptible → Ill +275% in total and +300% at the peak, which is 1 week later."
    ]
    assert page["columns"][1:] == ["Total", "Peak, persons per week", "Peak week"]
    leaving, infections = page["places"]
    assert (leaving["outcome"], infections["outcome"]) == ("Ill → R", "Susceptible → Ill")
    # Two simulations have an interval, one has none, and medians have none.
    assert leaving["rows"][0][1:] == ["6 (3–10)", "4 (2–6)", "Jan 11 (Jan 11 – Jan 18)"]
    assert infections["rows"][0][1:] == ["19%", "12", "Jan 11"]
    assert leaving["rows"][1][1:] == ["3", "2", "Jan 18"]
    assert infections["rows"][1][1:] == ["8%", "5", "Jan 11"]
    medians = table[table["source"] == "medians of each period"]
    assert medians.filter(regex="low|high").isna().all(axis=None)
    assert medians["total_median"].notna().all()
    assert page["of_medians"] == ["Susceptible → Ill"]
    # The initial condition is in the table alone.
    assert set(table["quantity"]) == {"all", "R0", "init_I"}
    assert [row[0] for row in page["places"][0]["rows"]] == ["All", "R0 1.5", "R0 2"]


def test_the_fall_of_r_under_closures_is_said(tmp_path):
    days = [day.date().isoformat() for day in pd.date_range("2025-12-06", periods=6, freq="7D")]
    r = [(0, "A", day, 0.5, value) for day, value in zip(days, (3, 2, 1, 2, 1, 2), strict=True)]
    columns = ["primary_id", "population", "date", "quantile", "effective_reproduction_number"]

    # Two weeks before December 20, R is 3; two weeks after it, 1.
    _, page = written(
        tmp_path,
        model_metadata=members(),
        quantiles_transitions=rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), quantile=0.5),
        effective_reproduction_number=pd.DataFrame(r, columns=columns),
    )

    assert "to Dec 20, R is 50% (95% interval 50%–50%) in Here" in page["sentences"][-1]


def test_the_effect_of_closures_is_that_of_sets_that_differ_in_nothing_else(tmp_path):
    # R0 1.5 without and with closures, then R0 2.
    varied = members((1.5, 1.5, 2.0, 2.0)).assign(contact_intervention_strength=[0, 1, 1, 0])
    about = ABOUT | {"quantities": {**QUANTITIES, CONTACT_STRENGTH: {"values": [0, 1]}}}
    weeks = ((10, 0, 0), (5, 4, 0), (40, 20, 12), (40, 30, 10))

    _, page = written(
        tmp_path,
        about=about,
        model_metadata=varied,
        trajectories_transitions=rows_of("S_to_I_total", *weeks, sim_id=0),
    )

    # Totals from 10 to 9 and from 80 to 72; peaks from 10 to 5, and none.
    (said,) = (each for each in page["sentences"] if "against none" in each)
    assert said.startswith("Susceptible → Ill with school closures, against none: Here −10% ")
    assert "in total, −25% (95% interval −49% to −1%) at the peak. Medians over 2 pairs" in said
    names = [row[0] for row in page["places"][0]["rows"]]
    assert names[-2:] == ["Without school closures", "With school closures"]


def test_without_a_result_there_is_a_table_without_rows(tmp_path):
    failed = members().assign(status="failed")
    medians = rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), quantile=0.5)

    table, page = written(tmp_path, model_metadata=failed, quantiles_transitions=medians)

    assert table.empty
    assert (page["sentences"], page["of_medians"], page["places"]) == ([], [], [])


def test_trajectories_are_enough(tmp_path):
    whole = rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), sim_id=0)

    table, page = written(tmp_path, model_metadata=members(), trajectories_transitions=whole)
    plain = ABOUT | {"quantities": {}}
    _, one = written(tmp_path, plain, model_metadata=members(), trajectories_transitions=whole)

    assert set(table["source"]) == {"trajectories"}
    assert table["total_median"].iloc[0] == 19.0
    assert page["title"] == "Outcomes by parameter"
    # Nothing is varied: there is one row, and no parameter to name.
    assert (one["title"], one["columns"][0]) == ("Totals and peaks", "Simulations")


def change(*days):
    rows = [
        {"quantity": "R0", "transition": "S_to_I_total", "source": "trajectories"}
        | {"total_median": 4.0, "peak_size_median": 2.0, "location": f"Place {n // 2}"}
        | {"value": ("1.5", "2")[n % 2], "peak_week_median": f"2025-01-{day:02d}"}
        for n, day in enumerate(days)
    ]
    (said,) = page_of(rows, ABOUT)["sentences"]
    return said.partition("peak, ")[2]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((4, 4), "which is at the same time."),
        ((4, 11, 4, 25), "which is 1 to 3 weeks later."),
        ((4, 4, 25, 11), "which is up to 2 weeks earlier."),
        ((4, 11, 25, 11), "which is earlier or later."),
    ],
)
def test_peaks_move_by_the_weeks_between_them_in_all_locations(days, words):
    assert change(*days) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (2, "R is 30% (95% interval 20%–40%) in 0 and 31% (95% interval 20%–40%) in 1 below"),
        (5, "R is 30% to 34% below the mean"),
    ],
)
def test_many_locations_have_their_range(count, words):
    falls = [(str(n), {"median": 30.0 + n, "low_95": 20, "high_95": 40}) for n in range(count)]

    (said,) = closures_in_words({"2025-12-20": falls}, everywhere=True)

    assert words in said


def test_every_column_is_described():
    forms = [name for names in OUTCOMES for name in names.split(", ")]
    described = {form.replace("<quantile>", name) for form in forms for name in INTERVALS}

    assert {*COLUMNS} == described
