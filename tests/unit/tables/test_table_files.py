"""Test the properties that all tables share."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from epyflow import tables
from epyflow.artifacts import pickling
from epyflow.artifacts.task import PackedArray
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.tables import TABLES, TableSpec
from tests.unit import factories
from tests.unit.tables.reading import save, spec, table, table_bytes

OF_FITS = [
    "calibration_progress",
    "posteriors",
    "quantiles_calibration",
    "quantiles_projection_comparison",
]
REPRODUCTION = "effective_reproduction_number"
DATA_TABLES = sorted(set(TABLES) - {"model_metadata"})
OF_TRAJECTORIES = sorted(set(DATA_TABLES) - set(OF_FITS) - {REPRODUCTION})
PERSONS = [[[[10, 20], [1, 2]], [[9, 18], [2, 4]]]]


def result(**changes):
    """A calibration that was projected has something for every table."""
    return factories.calibration([member()], **changes)


def member(number=0):
    return factories.member_result(number, compartments=PERSONS, reproduction=[[12_500, 9_000]])


def test_the_tables_are_those_of_the_documentation():
    assert set(TABLES) == {
        "quantiles_compartments",
        "quantiles_transitions",
        "trajectories_compartments",
        "trajectories_transitions",
        "quantiles_projection_compartments",
        "quantiles_projection_transitions",
        "trajectories_projection_compartments",
        "trajectories_projection_transitions",
        "quantiles_projection_comparison",
        "effective_reproduction_number",
        "quantiles_calibration",
        "posteriors",
        "calibration_progress",
        "model_metadata",
    }


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_has_the_columns_that_it_announces(tmp_path, name):
    columns = table(name, tmp_path, [result()], spec())[0].split(",")
    announced = TABLES[name].columns
    if "..." not in announced:
        assert tuple(columns) == announced
        return
    cut = announced.index("...")

    assert tuple(columns[:cut]) == announced[:cut]
    assert tuple(columns[len(columns) - len(announced) + cut + 1 :]) == announced[cut + 1 :]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_equal_results_give_equal_bytes(tmp_path, name):
    first = table_bytes(name, tmp_path, [result(), result()], spec())

    assert table_bytes(name, tmp_path, [result(), result()], spec()) == first


@pytest.mark.parametrize("name", [*OF_TRAJECTORIES, REPRODUCTION, "model_metadata"])
def test_how_members_are_packed_into_tasks_changes_nothing(tmp_path, name):
    members = [member(number) for number in range(4)]
    together = [factories.result(members)]
    apart = [factories.result([member], index=index) for index, member in enumerate(members)]

    assert table(name, tmp_path, together, spec()) == table(name, tmp_path, apart, spec())


@pytest.mark.parametrize("name", DATA_TABLES)
def test_when_every_task_failed_there_is_an_error_and_no_table(tmp_path, name):
    paths = save(tmp_path, factories.failure(), factories.failure(cause="another"))

    with pytest.raises(EpyflowError, match=r"2 of 2 tasks failed.*the population is not known"):
        tables.write({name: (spec(), tmp_path / "a.csv.gz")}, paths)

    assert not (tmp_path / "a.csv.gz").exists()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_without_results_there_is_an_error(tmp_path, name):
    with pytest.raises(EpyflowError, match=f"{name}: there are no results"):
        tables.write({name: (spec(), tmp_path / "a.csv.gz")}, [])


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_an_unknown_series_is_refused_with_the_nearest(tmp_path, name):
    kind = name.rpartition("_")[2]
    nearest = {"compartments": "S_total", "transitions": "S_to_I_total"}[kind]
    wrong = nearest.replace("total", "totl")

    with pytest.raises(EpyflowError, match=rf"'{wrong}' is not among the {kind} \(did you mean"):
        table(name, tmp_path, [result()], spec(series=(wrong,)))
    with pytest.raises(EpyflowError, match=nearest):
        table(name, tmp_path, [result()], spec(series=(wrong,)))


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_results_with_other_age_groups_are_refused(tmp_path, name):
    other = result(age_groups=("0-19", "20+"), population="Canada")

    with pytest.raises(EpyflowError, match=r"Canada \(primary_id 0\) has other columns.*_0-17"):
        table(name, tmp_path, [result(), other], spec())


@pytest.mark.parametrize("name", [*OF_TRAJECTORIES, "quantiles_projection_comparison"])
def test_counts_that_are_not_numbers_are_refused(tmp_path, name):
    broken = factories.member_result(
        3, compartments=[[[[np.nan, 1], [0, 0]]]], transitions=[[[[np.inf, 0]]]]
    )

    with pytest.raises(EpyflowError, match="of member 3 are not all finite"):
        table(name, tmp_path, [factories.calibration([broken])], spec())


def test_an_unknown_table_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(EpyflowError, match="did you mean quantiles_transitions"):
        tables.write({"quantile_transitions": (spec(), tmp_path / "a.csv.gz")}, [])


def test_a_damaged_result_leaves_no_table(tmp_path):
    paths = save(tmp_path, result())
    paths[0].write_bytes(paths[0].read_bytes()[:-5])

    with pytest.raises(ArtifactError, match=r"result_00000\.pkl"):
        tables.write({"quantiles_compartments": (spec(), tmp_path / "a.csv.gz")}, paths)

    assert not (tmp_path / "a.csv.gz").exists()


def test_each_result_is_read_once_for_all_tables(tmp_path, monkeypatch):
    paths = save(tmp_path, result(), result(index=1))
    read = []
    original = pickling.read_result

    def counted(path):
        read.append(path)
        return original(path)

    monkeypatch.setattr(pickling, "read_result", counted)

    tables.write(all_tables(tmp_path), paths)

    assert read == paths
    assert all((tmp_path / f"{name}.csv.gz").is_file() for name in TABLES)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("quantiles_compartments", spec(series=("S_totl",))),  # fails with the first result
        ("posteriors", spec(generations=(7,))),  # fails after the last one, without a row
    ],
)
def test_a_table_that_fails_is_named_and_costs_no_other(tmp_path, name, wrong):
    results = [result(), result(index=1)]
    asked = all_tables(tmp_path)
    asked[name] = (wrong, asked[name][1])

    with pytest.raises(EpyflowError, match=rf"1 of {len(TABLES)} tables .*\n  {name}: ") as caught:
        tables.write(asked, save(tmp_path, *results))

    assert str(caught.value).count("\n") == 1
    assert not asked[name][1].exists()
    (tmp_path / "alone").mkdir()
    for other in TABLES.keys() - {name}:
        alone = table_bytes(other, tmp_path / "alone", results, spec())
        assert asked[other][1].read_bytes() == alone


def test_a_fault_in_the_code_of_a_table_is_in_the_log_and_costs_no_other(
    tmp_path, monkeypatch, caplog
):
    def broken(result, spec):
        raise KeyError("no such thing")

    monkeypatch.setattr(
        tables,
        "TABLES",
        dict(TABLES) | {"posteriors": replace(TABLES["posteriors"], chunks=broken)},
    )

    with pytest.raises(EpyflowError, match="posteriors: KeyError: 'no such thing'"):
        tables.write(all_tables(tmp_path), save(tmp_path, result()))

    assert "in broken" in caplog.text
    assert (tmp_path / "model_metadata.csv.gz").is_file()


def all_tables(folder):
    return {name: (spec(), folder / f"{name}.csv.gz") for name in TABLES}


def peak(paths, folder):
    series = {"compartments": ("S_total",), "transitions": ("S_to_I_total",)}
    wanted = {name: spec((0.25, 0.5, 0.75), series.get(name.rpartition("_")[2])) for name in TABLES}
    asked = {name: (wanted[name], folder / f"{name}.csv.gz") for name in TABLES}
    tables.write(asked, paths[:1])  # imports and caches are not what we measure
    gc.collect()
    tracemalloc.start()
    try:
        tables.write(asked, paths)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_peak_memory_does_not_grow_with_the_number_of_tasks(tmp_path):
    rng = np.random.default_rng(1)
    members = [
        factories.member_result(
            index,
            compartments=rng.integers(0, 10**6, (40, 30, 2, 2)),
            transitions=rng.integers(0, 10**6, (40, 30, 1, 2)),
            reproduction=rng.integers(5_000, 20_000, (40, 30)),
        )
        for index in range(9)
    ]
    accepted = factories.generation(
        rng.random((300, 2)), series=PackedArray.pack(rng.random((300, 2, 1)))
    )
    fit = factories.fit(generations=(accepted,) * 3)
    results = (factories.calibration([member], i, fit=fit) for i, member in enumerate(members))
    paths = save(tmp_path, *results)
    one_result = paths[0].stat().st_size

    few = peak(paths[:3], tmp_path)
    many = peak(paths, tmp_path)

    # 6 results more. What pandas leaves to the garbage collector is the size of one or two.
    assert one_result > 40_000
    assert many - few < 3 * one_result


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_a_calibration_without_a_projection_has_no_trajectories(tmp_path, name):
    with pytest.raises(EpyflowError, match=f"{name}: the results hold no trajectories"):
        table(name, tmp_path, [factories.calibration()], spec())


@pytest.mark.parametrize("name", OF_FITS)
def test_simulations_have_no_table_of_calibrations(tmp_path, name):
    simulated = factories.result([factories.member_result(compartments=PERSONS)])

    with pytest.raises(EpyflowError, match=f"{name}: the results hold no calibration"):
        table(name, tmp_path, [simulated], spec())


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_what_is_projected_goes_by_two_names(tmp_path, name):
    short = name.replace("_projection", "")

    lines = table(name, tmp_path, [result()], spec())

    assert lines == table(short, tmp_path, [result()], spec())


@pytest.mark.parametrize("level", [-0.1, 1.5, float("nan")])
def test_a_quantile_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match="from 0 to 1"):
        TableSpec((level,), None, False)


@pytest.mark.parametrize("levels", [(0.5, 0.1), (0.5, 0.5)])
def test_quantiles_that_do_not_ascend_are_refused(levels):
    with pytest.raises(ValueError, match="ascend"):
        TableSpec(levels, None, False)


def test_a_series_asked_for_twice_is_refused():
    with pytest.raises(ValueError, match="named twice"):
        TableSpec((0.5,), ("S_total", "S_total"), False)


def test_a_spec_comes_from_json():
    values = {"quantiles": [0.1, 0.5], "series": ["S_total"], "projection_parameters": True}

    assert TableSpec.of(values) == TableSpec((0.1, 0.5), ("S_total",), True)
    assert TableSpec.of({**values, "series": None}).series is None
    assert TableSpec.of({**values, "generations": [0, 2]}).generations == (0, 2)


@pytest.mark.parametrize("generations", [(1, 0), (1, 1), (-1, 0)])
def test_generations_that_do_not_ascend_from_0_are_refused(generations):
    with pytest.raises(ValueError, match="ascend from 0"):
        TableSpec((0.5,), None, False, generations)
