import pytest

from epyflow.experiment.format.output import FLUSIGHT_LEVELS
from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SIR,
    changed,
    inspected,
    messages,
)


def output_of(root, sample, *changes):
    experiment, problems = inspected(root, changed(sample, *changes))
    assert experiment is not None, [str(problem) for problem in problems]
    return experiment.output


def test_the_default_levels_are_the_23_of_flusight(root):
    output = output_of(root, SIR, ("output.quantiles.selections", GONE))

    assert output.quantiles.selections == FLUSIGHT_LEVELS
    assert len(FLUSIGHT_LEVELS) == 23
    assert FLUSIGHT_LEVELS[:4] == (0.01, 0.025, 0.05, 0.1)
    assert FLUSIGHT_LEVELS[-3:] == (0.95, 0.975, 0.99)


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        ("quantiles.selections", [0.5, 1.5], "1.5 is too large; expected 1 or less"),
        ("quantiles.selections", [0.5, "1/2"], "selections lists 0.5 twice"),
        ("quantiles.selections", [], "empty; expected at least one entry"),
        ("quantiles.compartments", [], "an empty list selects nothing"),
        ("quantiles.compartments", "I_total", "'I_total' selects no series; expected true or a"),
        ("quantiles.compartments", [1], "[1] selects no series"),
        ("quantiles.transitions", ["S_to_I_total"] * 2, "'S_to_I_total' is listed twice"),
        ("tabular_output_types", ["Parket"], "'Parket' is no kind of file (did you mean Parquet"),
        (
            "figure_output_types",
            ["JPG"],
            "'JPG' is no kind of file (did you mean PNG?); expected PNG, PDF",
        ),
        ("figure_output_types", "PNG", "'PNG' is not a list"),
        ("quantiles", True, "true is not a mapping"),
        ("labels", {"S_to_I_total": "New\nones"}, "'New\\nones'"),
        ("labels", {"S_to_I_totl": "New"}, "did you mean S_to_I_total"),
        ("labels", {"S_to_I_total+S_to_Q_total": "New"}, "S_to_Q_total"),
        ("labels", {"S_total": "Well", "I_total": "Well"}, "labels has 'Well' twice"),
        ("model_meta.projection_parameters", 1, "1 is not true or false"),
        (
            "posteriors",
            "yes please",
            "'yes please' selects nothing; expected true, or {generations",
        ),
        ("posteriors", {}, "missing; expected a value for 'generations'"),
        ("posteriors", {"generations": []}, "empty; expected at least one entry"),
        ("posteriors", {"generations": [1, 1]}, "generations lists 1 twice"),
        ("posteriors", {"generations": [-1]}, "-1 is too small; expected 0 or more"),
        ("posteriors", {"generation": [1]}, "unknown key 'generation' (did you mean generations?)"),
        ("flusight_format", {}, "missing; expected a value for 'reference_date'"),
        ("flusight_fromat", {}, "unknown key 'flusight_fromat' (did you mean flusight_format"),
    ],
)
def test_an_output_out_of_shape_is_refused(root, place, value, what):
    found = messages(root, SIR, (f"output.{place}", value))

    assert any(message.startswith("output") and what in message for message in found), found


def test_a_reference_date_of_flusight_is_a_saturday(root):
    found = messages(root, CALIBRATION, ("output.flusight_format.reference_date", "2025-01-17"))

    assert found == [
        "output.flusight_format: reference_date 2025-01-17 is a Friday; expected a Saturday"
    ]


def test_two_hub_formats_are_refused(root):
    found = messages(root, CALIBRATION, ("output.flusmh_format", {}))

    assert found == [
        "output: both flusight_format and flusmh_format given; expected at most one hub format"
    ]


@pytest.mark.parametrize("value", [False, True])
def test_posteriors_may_be_switched_on_and_off(root, value):
    assert output_of(root, REJECTION, ("output.posteriors", value)).posteriors is value


@pytest.mark.parametrize("key", ["quantiles", "trajectories"])
@pytest.mark.parametrize("value", [{}, {"compartments": False}])
def test_a_section_that_selects_nothing_is_a_warning(root, key, value):
    experiment, problems = inspected(root, changed(SIR, (f"output.{key}", value)))

    assert [f"{each.key}: {each.message}" for each in problems] == [
        f"output.{key}: selects nothing; this table is not written"
    ]
    assert experiment is not None
    assert getattr(experiment.output, key) is None


def test_kinds_of_files_are_read_in_any_case_and_each_once(root):
    kinds = ("output.tabular_output_types", ["csv", "CSVBytes", "DataFrame", "parquet"])
    figures = ("output.figure_output_types", ["pdf", "MPLFigure", "Svg"])

    experiment, _ = inspected(root, changed(SIR, kinds, figures))

    assert experiment is not None
    assert experiment.output.tabular_output_types == ("CSV", "Parquet")
    assert experiment.output.figure_output_types == ("PDF", "SVG")


def test_more_than_1000_quantile_levels_are_refused(root):
    levels = [number / 2000 for number in range(1001)]
    assert messages(root, SIR, ("output.quantiles.selections", levels[:1000])) == []
    (found,) = messages(root, SIR, ("output.quantiles.selections", levels))

    assert "selections has 1,001 levels; expected at most 1,000" in found
