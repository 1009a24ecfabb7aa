import json

import pandas as pd

from epyflow.figures.read_tables import Place
from epyflow.report.headline import INTERVALS
from epyflow.report.outcomes import COLUMNS, outcomes, write_outcomes
from epyflow.tables.column_descriptions import OUTCOMES

PLACES = (Place("A", "Here"),)
QUANTITIES = {"R0": {"values": [1.5, 2.0]}, "init_I": {"range": [1, 9], "initial": "persons"}}
ABOUT = {
    "quantities": QUANTITIES,
    "labels": {"S": "Susceptible", "I": "Ill"},
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


def test_many_values_are_divided_into_thirds_and_equal_values_stay_together():
    values = [float(n) for n in range(1, 10) for _ in range(2)]
    given = samples(*((n, "S_to_I_total", "x", 1.0, 1.0, DAYS[0]) for n in range(18)))

    found = outcomes(given, members(values).set_index("primary_id"), {"R0": {}}, set())

    assert [(row["value"], row["parameter_sets"]) for row in found[1:]] == [
        ("1 to 3 (lowest third)", 6),
        ("4 to 6 (middle third)", 6),
        ("7 to 9 (highest third)", 6),
    ]


def written(folder, **tables):
    files = {}
    for name, table in tables.items():
        files[name] = folder / f"{name}.csv.gz"
        table.to_csv(files[name], index=False)
    write_outcomes(files, PLACES, ABOUT, numbers=folder / "o.csv", page=folder / "o.json")
    return pd.read_csv(folder / "o.csv"), json.loads((folder / "o.json").read_text())


def rows_of(column, first, second, **keys):
    rows = [
        {"primary_id": n, "population": "A", "date": day, column: value, **keys}
        for n, values in enumerate((first, second))
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
    assert page["sentences"][0] == (
        "Here, totals with R0 1.5 and R0 2: Ill → R 3 persons and 10 persons; Susceptible → Ill "
        "8% of people and 30% of people."
    )
    # Two simulations have an interval, one has none, and medians have none.
    assert page["places"][0]["rows"][0][1:4] == ["6 (3–10)", "4 (2–6)", "Jan 11 (Jan 11 – Jan 18)"]
    assert page["places"][0]["rows"][0][4:] == ["19%", "12", "Jan 11"]
    assert page["places"][0]["rows"][1][1:] == ["3", "2", "Jan 18", "8%", "5", "Jan 11"]
    medians = table[table["source"] == "medians of each period"]
    assert medians.filter(regex="low|high").isna().all(axis=None)
    assert medians["total_median"].notna().all()
    assert page["of_medians"] == ["Susceptible → Ill"]
    # The initial condition is in the table alone.
    assert set(table["quantity"]) == {"all", "R0", "init_I"}
    assert [row[0] for row in page["places"][0]["rows"]] == ["All", "R0 1.5", "R0 2"]


def test_the_fall_of_r_under_closures_is_said(tmp_path):
    days = [day.date().isoformat() for day in pd.date_range("2025-12-06", periods=6, freq="7D")]
    r = [(0, "A", day, 0.5, value) for day, value in zip(days, (2, 2, 1, 2, 2, 2), strict=True)]
    columns = ["primary_id", "population", "date", "quantile", "effective_reproduction_number"]

    _, page = written(
        tmp_path,
        model_metadata=members(),
        quantiles_transitions=rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), quantile=0.5),
        effective_reproduction_number=pd.DataFrame(r, columns=columns),
    )

    assert "to 2025-12-20, R is 50% (95% interval" in page["sentences"][-1]


def test_without_a_result_there_is_a_table_without_rows(tmp_path):
    failed = members().assign(status="failed")
    medians = rows_of("S_to_I_total", (1, 5, 2), (4, 6, 20), quantile=0.5)

    table, page = written(tmp_path, model_metadata=failed, quantiles_transitions=medians)

    assert table.empty
    assert page == {"sentences": [], "columns": ["Parameter"], "of_medians": [], "places": []}


def test_every_column_is_described():
    forms = [name for names in OUTCOMES for name in names.split(", ")]
    described = {form.replace("<quantile>", name) for form in forms for name in INTERVALS}

    assert {*COLUMNS} == described
