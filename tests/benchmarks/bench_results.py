"""Size and write time of a calibration's result against gzip-pickled epydemix objects.

Run by ``make bench``. Both hold one population of the smoke experiment: posteriors, weights and
distances of every generation, the series compared, and the weekly projections of all compartments
and transitions by age group. epydemix's own trajectories also repeat the parameters of every day;
these are left out here, in its favour.
"""

import gzip
import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from epydemix.calibration import CalibrationResults
from epydemix.model.simulation_output import Trajectory

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Fit, MemberResult, PackedArray, Result, Task
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings

Row = tuple[str, int, float]


@pytest.fixture(scope="module")
def report() -> Iterator[list[Row]]:
    """Collect sizes and times; print them as a table and as one line of JSON at the end."""
    rows: list[Row] = []
    yield rows
    lines = [f"{'':<40}{'size':>12}{'write time':>14}"]
    lines += [f"{what:<40}{size / 1e3:>9.1f} kB{1e3 * took:>11.1f} ms" for what, size, took in rows]
    named = [{"what": what, "bytes": size, "seconds": round(took, 5)} for what, size, took in rows]
    lines.append(json.dumps({"benchmark": "results", "rows": named}))
    sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def result(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Calibrate and project the first population of the smoke experiment."""
    settings = {
        "experiment": "flu_2425_smoke",
        "experiments_root": str(shared),
        "population_data": str(shared / "data/populations"),
    }
    path = tmp_path_factory.mktemp("build") / "input.pkl"
    prepare_build(read_settings(settings), seed=7).write({0: path})
    task = pickling.read_input(path)
    assert isinstance(task, Task)
    return strategies.run(task)


def as_epydemix(result: Result) -> CalibrationResults:
    """Return what epydemix keeps of the same calibration."""
    assert result.fit is not None
    fit: Fit = result.fit
    numbered = list(enumerate(fit.generations))
    return CalibrationResults(
        calibration_strategy=fit.strategy,
        posterior_distributions={
            number: pd.DataFrame(each.particles, columns=list(fit.names))
            for number, each in numbered
        },
        selected_trajectories={
            number: [
                {"data": series.astype(float), "dates": list(fit.observations.dates)}
                for series in each.series.unpack()[:, :, 0]
            ]
            for number, each in numbered
        },
        observed_data={"data": np.array(fit.observations.values)[:, 0]},
        distances={number: each.distances for number, each in numbered},
        weights={number: each.weights for number, each in numbered},
        projections={"baseline": [*trajectories(result, result.members[0])]},
    )


def trajectories(result: Result, member: MemberResult) -> Iterator[Trajectory]:
    dates = [pd.Timestamp(day) for day in member.dates]
    compartments, transitions = member.compartments.unpack(), member.transitions.unpack()
    for number in range(len(compartments)):
        series = [
            {
                f"{name}_{group}": array[number, :, row, column].astype(float)
                for row, name in enumerate(names)
                for column, group in enumerate(result.age_groups)
            }
            for array, names in (
                (compartments, result.compartments),
                (transitions, result.transitions),
            )
        ]
        yield Trajectory(*series, dates, {}, {}, {})


def packed_anew(result: Result) -> Result:
    """Compress the arrays again: the time that this takes belongs to writing."""
    assert result.fit is not None
    (member,) = result.members
    member = replace(
        member,
        compartments=PackedArray.pack(member.compartments.unpack().astype(float)),
        transitions=PackedArray.pack(member.transitions.unpack().astype(float)),
    )
    generations = tuple(
        replace(each, series=PackedArray.pack(each.series.unpack().astype(float)))
        for each in result.fit.generations
    )
    return replace(result, members=(member,), fit=replace(result.fit, generations=generations))


def fastest(write: Callable[[], object]) -> float:
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        write()
        taken.append(time.perf_counter() - began)
    return min(taken)


@pytest.mark.shared
def test_a_result_is_smaller_and_faster_to_write_than_pickled_epydemix_objects(
    result: Result, tmp_path: Path, report: list[Row]
) -> None:
    ours, theirs, objects = tmp_path / "ours.pkl", tmp_path / "theirs.pkl.gz", as_epydemix(result)

    def write_theirs() -> None:
        with gzip.open(theirs, "wb") as file:
            pickle.dump(objects, file)

    took = fastest(lambda: pickling.write(packed_anew(result), ours))
    took_theirs = fastest(write_theirs)

    report.append(("result_<i>.pkl", ours.stat().st_size, took))
    report.append(("epydemix objects, gzip-pickled", theirs.stat().st_size, took_theirs))
    assert ours.stat().st_size < theirs.stat().st_size
    assert took < took_theirs
