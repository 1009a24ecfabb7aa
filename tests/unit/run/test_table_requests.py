"""List the tables that an experiment asks for: here, that of the reproduction number."""

from dataclasses import replace

import pytest

from epyflow.experiment.format.output import FLUSIGHT_LEVELS, Output
from epyflow.population.locations import find
from epyflow.run.table_requests import table_specs, without_reproduction
from tests.building import experiment, infection, sir, spontaneous
from tests.calibrating import model, section

NAME = "effective_reproduction_number"


def calibration(**changes):
    written = section("smc", {}, **changes).model_dump(mode="json")
    return experiment(model(), calibration=written)


def with_output(asked, **output):
    return replace(asked, output=Output.model_validate(output))


def test_the_levels_are_those_of_the_other_tables_and_the_median():
    asked = {"selections": [0.1, 0.9], "compartments": True}

    assert table_specs(with_output(experiment(), quantiles=asked))[NAME]["quantiles"] == [
        0.1, 0.5, 0.9,
    ]  # fmt: skip


def test_a_projection_has_it_even_where_no_quantiles_are_asked_for():
    specs = table_specs(with_output(calibration(), posteriors=True))

    assert specs[NAME]["quantiles"] == list(FLUSIGHT_LEVELS)
    assert without_reproduction(with_output(calibration(), posteriors=True)) is None


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (with_output(experiment(), trajectories={"compartments": True}), "asks for no quantiles"),
        (calibration(projection=None), "this one has none"),
        (experiment(sir(transitions=[infection("S", "I", "I", 1), spontaneous("R", "S", 1)])),
         "people in I never leave"),
    ],
    ids=["without quantiles", "without a projection", "without an end"],
)  # fmt: skip
def test_without_it_there_is_a_reason(asked, why):
    assert NAME not in table_specs(asked)
    assert why in without_reproduction(asked)


COMPARED = {"calibration_progress", "quantiles_calibration", "quantiles_projection_comparison"}
ALWAYS = {"model_metadata", NAME}


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        (
            with_output(experiment(), quantiles={"compartments": True}),
            {"quantiles_compartments", *ALWAYS},
        ),
        (
            with_output(calibration(), quantiles={"compartments": True}),
            {"quantiles_compartments", "quantiles_projection_compartments", *COMPARED, *ALWAYS},
        ),
        (
            with_output(calibration(projection=None), quantiles={"compartments": True}),
            {*COMPARED, "model_metadata"},
        ),
    ],
    ids=["simulation", "projection", "calibration alone"],
)
def test_a_projections_tables_have_two_names_and_a_calibration_alone_has_none(asked, tables):
    assert set(table_specs(asked)) == tables


@pytest.mark.parametrize(
    ("asked", "generations"), [(True, None), ({"generations": [2, 0]}, [0, 2])]
)
def test_posteriors_are_of_the_last_generation_or_of_those_named_in_order(asked, generations):
    specs = table_specs(with_output(calibration(), posteriors=asked))

    assert specs["posteriors"]["generations"] == generations
    assert "posteriors" not in table_specs(calibration())


def test_parquet_tables_are_whole_and_trajectories_divided_by_place():
    several = replace(experiment(), populations=(find("US-MA"), find("US-NY")))
    output = {"trajectories": {"compartments": True}, "tabular_output_types": ["Parquet"]}

    specs = table_specs(with_output(several, **output))

    folder = "trajectories_compartments.parquet"
    assert specs["trajectories_compartments"]["parquet"] == {
        place: f"{folder}/{place}.parquet"
        for place in ("United_States_Massachusetts", "United_States_New_York")
    }
    assert specs["model_metadata"]["parquet"] == {"": "model_metadata.parquet"}
    assert table_specs(several)["model_metadata"]["parquet"] == {}


@pytest.mark.parametrize(
    ("asked", "both"), [(None, (True, False)), (True, (True, True)), (False, (False, False))]
)
def test_draws_of_a_projection_are_in_the_metadata_when_parameters_are_asked_for(asked, both):
    meta = {} if asked is None else {"projection_parameters": asked}

    spec = table_specs(with_output(calibration(), model_meta=meta))["model_metadata"]

    assert (spec["projection_parameters"], spec["projection_draws"]) == both
