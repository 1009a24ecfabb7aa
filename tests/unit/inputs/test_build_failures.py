"""A population whose inputs cannot be built fails alone, and what all share fails the build."""

from dataclasses import replace

import pytest

from epyflow.artifacts.task import Failure, Task
from epyflow.errors import DataError
from epyflow.experiment.load import load
from epyflow.run.bundle import Sources, unpack_bundle, write_bundle
from tests.unit.inputs.tiny_experiment import contents, edit, prepared, read, written


def without_massachusetts(text):
    return "".join(line for line in text.splitlines(keepends=True) if "Massachusetts" not in line)


def test_a_population_that_cannot_be_built_fails_alone(root):
    for name in ("population.csv", "contacts.csv"):
        edit(root / "populations" / name, without_massachusetts)
    build = prepared(root)

    first, second, third, fourth = read(build, root / "inputs")

    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert isinstance(third, Failure)
    assert (third.index, third.primary_ids, third.stage) == (2, (6, 7, 8, 9), "build")
    assert (fourth.index, fourth.primary_ids) == (3, (10, 11))
    assert (third.population, third.location) == ("United_States_Massachusetts", "US-MA")
    assert third.cause.startswith("there is no population United_States_Massachusetts in ")


def test_data_without_the_place_fail_the_place_alone(root):
    edit(
        root / "experiments/tiny/config/coverage.csv",
        lambda text: text.replace("New York", "New Jersey"),
    )

    first, _, third, _ = read(prepared(root), root / "inputs")

    assert isinstance(first, Failure)
    assert "coverage.csv: Geography: no row for" in first.cause
    assert " or NY or " in first.cause
    assert isinstance(third, Task)


@pytest.mark.parametrize(
    ("file", "old", "new", "cause"),
    [
        (
            "experiments/tiny/config/coverage.csv",
            "New York",
            "New Jersey",
            "coverage.csv: Geography: ",
        ),
        ("populations/population.csv", "17,200", "17,x", "population_data/population.csv, line 2"),
    ],
)
def test_a_bundle_gives_the_same_bytes_of_a_failure(root, file, old, new, cause):
    edit(root / file, lambda text: text.replace(old, new))
    here = prepared(root)
    write_bundle(here.experiment, Sources(here.experiment.files, here.store, None), root / "b.tgz")

    with unpack_bundle(root / "b.tgz") as sources:
        there = replace(here, experiment=load(sources.place), store=sources.store)
        elsewhere = contents(written(there, root / "elsewhere"))

    failure, *_ = read(here, root / "inputs")
    assert failure.cause.startswith(cause)
    assert contents(written(here, root / "inputs")) == elsewhere


def test_ages_of_the_data_that_the_population_cannot_tell_apart_fail_the_place(root):
    # The population's last group begins at 12 and cannot be cut at 17.
    edit(
        root / "populations/population.csv",
        lambda text: text.replace("0-17,", "0-11,").replace("18+,", "12+,"),
    )
    edit(
        root / "populations/contacts.csv",
        lambda text: text.replace("0-17", "0-11").replace("18+", "12+"),
    )
    edit(
        root / "experiments/tiny/config/basemodel.yaml",
        lambda text: text.replace('"0-17", "18+"', '"0-11", "12+"'),
    )

    first, *_ = read(prepared(root), root / "inputs")

    assert isinstance(first, Failure)
    assert (
        'vaccination data: age interval "0-17 Years" ends inside the open age group' in first.cause
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "experiments/tiny/functions/priors.py",
            "stats.uniform(1, 1)",
            "1 / 0",
            r"priors.py: between_one_and_two\(\) raised ZeroDivisionError",
        ),
        (
            "experiments/tiny/functions/priors.py",
            "stats.uniform(1, 1)",
            "stats.uniform(1, 1).mean()",
            "the distribution of beta has no quantiles: ppf raised AttributeError",
        ),
        ("calendar.csv", "NY,Autumn break,1", "NY,Autumn break,44", "calendar.csv:2: start_day"),
    ],
)
def test_what_all_populations_share_fails_the_build_and_writes_nothing(
    root, file, old, new, message
):
    edit(root / file, lambda text: text.replace(old, new))

    with pytest.raises(DataError, match=message):
        written(prepared(root), root / "inputs")

    assert list((root / "inputs").iterdir()) == []


def test_starts_after_the_end_are_refused_before_anything_is_simulated(root):
    edit(
        root / "experiments/tiny/functions/priors.py",
        lambda text: text + "\ndef late():\n    return stats.uniform(100, 1)\n",
    )
    edit(
        root / "experiments/tiny/config/modelset.yaml",
        lambda text: text.replace(
            "{type: scipy, name: randint, args: [0, 2]}", "{type: custom, name: late}"
        ),
    )

    # The first of November and 100 or 101 days.
    with pytest.raises(
        DataError,
        match=r"6 of 6 drawn start dates are after timespan.end_date 2024-12-31, the latest "
        r"2025-02-(09|10)",
    ):
        written(prepared(root), root / "inputs")
