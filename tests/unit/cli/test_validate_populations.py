"""``epyflow validate`` compares an experiment with the population data."""

import shutil

import pytest

from tests.unit.cli.command import run
from tests.unit.experiment.samples import (
    CALIBRATION,
    SAMPLING,
    SIR,
    changed,
    write_sections,
)
from tests.unit.test_repository import ROOT


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_place_that_only_the_population_data_know_is_accepted_with_them(root, atlantis, command):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))

    assert run(command, folder).exit_code == 1
    assert run(command, folder, "--population-data", atlantis).exit_code == 0
    (root / "data").mkdir()
    shutil.copytree(atlantis, root / "data" / "populations")
    assert run(command, folder).exit_code == 0


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        (
            ("model.population.age_groups", ["0-9", "10-64", "65+"]),
            "model.population.age_groups",
            'age group "0-9" splits the data\'s age group "0-17"; expected groups made of whole '
            "age groups of the data, 0-17, 18-64, 65+ (Atlantis)",
        ),
        (
            ("model.compartments.1.init", 4000),
            "model.compartments[1].init",
            "places 2,286 persons of age group 18-64 here, 2,686 with all compartments, but "
            "Atlantis has 2,000; expected fewer persons or smaller shares",
        ),
        (
            ("model.compartments.2.init", [0.1, 0.2, 501.0]),
            "model.compartments[2].init",
            "places 501 persons of age group 65+ here, 530 with all compartments, but Atlantis ",
        ),
    ],
)
def test_an_experiment_that_the_population_data_cannot_serve_is_invalid(
    root, atlantis, change, key, message
):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis"), change))

    done = run("validate", folder, "--population-data", atlantis)

    assert done.exit_code == 1
    assert f": {key}: {message}" in done.stdout


@pytest.mark.parametrize(
    ("where", "init", "warned"),
    [
        (
            2,
            [25, 30, 20],
            "places 75 of the 7,001,500 persons of United_States_Massachusetts in R; ",
        ),
        (2, 30, "expected more persons, or shares: 30% is written 0.3"),
        (2, 7100, ""),  # 0.1% of all
        (1, 30, ""),  # the first who infect others are few
    ],
)
def test_so_few_immune_people_that_percent_are_meant_are_warned_of(root, where, init, warned):
    folder = write_sections(root, changed(SIR, (f"model.compartments.{where}.init", init)))
    populations = ROOT / "config" / "common-data" / "populations"

    done = run("validate", folder, "--population-data", populations)

    assert done.exit_code == 0
    assert warned in done.stdout
    assert ("[2].init: warning: places" in done.stdout) is bool(warned)


@pytest.mark.parametrize(
    ("low", "high", "code", "kind"),
    [(1, 3400, 0, ""), (1, 5000, 0, "warning: "), (4000, 5000, 1, "")],
)
def test_ranges_of_initial_persons_are_compared_with_the_population(
    root, atlantis, low, high, code, kind
):
    folder = write_sections(
        root,
        changed(
            SAMPLING,
            ("model.population.age_groups", ["0-64", "65+"]),
            ("modelset.population_names", ["Atlantis"]),
            ("modelset.sampling.compartments.I", {"min": low, "max": high}),
        ),
    )
    done = run("validate", folder, "--population-data", atlantis)

    reached = (
        f"{kind}reaches to 5,000 persons, but Atlantis has 3,500; a task that draws more fails"
    )
    assert (done.exit_code, reached in done.stdout) == (code, high == 5000)


@pytest.mark.parametrize(
    ("init", "warned"), [(1e-5, True), ([0.0004, 0.0002, 0], True), (1, False), (0.001, False)]
)
def test_shares_of_infectious_people_that_are_rounded_to_nobody_are_warned_of(
    root, atlantis, init, warned
):
    changes = ("model.population.name", "Atlantis"), ("model.compartments.1.init", init)
    folder = write_sections(root, changed(SIR, *changes))

    done = run("validate", folder, "--population-data", atlantis)

    said = "init: warning: is less than half a person in each age group of Atlantis, which is"
    assert (done.exit_code, said in done.stdout) == (0, warned)


@pytest.mark.parametrize(("scale", "warned"), [(3500, True), (500, False)])
def test_priors_without_bounds_are_compared_with_the_population(root, atlantis, scale, warned):
    folder = write_sections(
        root,
        changed(
            CALIBRATION,
            ("modelset.population_names", ["Atlantis"]),
            ("modelset.exclude", []),
            ("modelset.calibration.compartments.I.prior", {"name": "expon", "args": [0, scale]}),
        ),
    )
    done = run("validate", folder, "--population-data", atlantis)

    # exp(-1) of an exponential distribution is above its mean.
    said = "gives more than the 3,500 persons of Atlantis with a probability of 0.37; a task that"
    assert (said in done.stdout) is warned


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "message"),
    [
        (
            "population.csv",
            "0-17,1000",
            "0-17,1_000",
            2,
            'persons is "1_000"; expected a whole num',
        ),
        (
            "population.csv",
            "0-17,1000",
            "0-17,1e19",
            2,
            'persons is "1e19"; expected a whole number',
        ),
        ("population.csv", "0-17,1000", "0-17,\u0661", 2, "expected a whole number from 0 to"),
        ("population.csv", "0-17,1000", "0-17,0", 1, "0-17"),
        ("contacts.csv", "home,0-17,0-17,1", "home,0-17,0-17,-1", 1, "contacts.csv, line 20"),
        ("contacts.csv", "school", "schol", 1, "interventions[3]: scales the contact layer school"),
    ],
)
def test_population_data_that_cannot_be_used_are_reported_before_a_run(
    root, atlantis, file, old, new, code, message
):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))
    path = atlantis / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new), encoding="utf-8")

    done = run("validate", folder, "--population-data", atlantis)

    assert done.exit_code == code
    assert message in done.output


def test_population_data_that_are_none_end_with_2(root):
    folder = write_sections(root, SIR)

    done = run("validate", folder, "--population-data", root / "nowhere")

    assert done.exit_code == 2
    assert "there is no folder" in done.stderr
