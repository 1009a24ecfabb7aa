"""Every check across keys, sections and files: where, what is wrong, what is expected."""

import pytest

from epyflow.errors import InvalidExperimentError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.checks import data_mistakes, model_mistakes, modelset_mistakes
from tests.unit.experiment.checks.doubtful_choices import (
    IMPORTED,
    LATENT,
    SUSCEPTIBLE_AND_IMMUNE,
    WARNINGS,
)
from tests.unit.experiment.samples import (
    ALL,
    CALIBRATION,
    SAMPLING,
    SIR,
    changed,
    inspected,
    messages,
    write_sections,
)

CASES = model_mistakes.MISTAKES | modelset_mistakes.MISTAKES | data_mistakes.MISTAKES


@pytest.mark.parametrize("case", CASES)
def test_a_problem_says_where_what_and_what_is_expected(case, root):
    sample, changes, key, parts = CASES[case]
    _, problems = inspected(root, changed(sample, *changes))

    matching = [problem for problem in problems if problem.key == key]

    assert matching, [str(problem) for problem in problems]
    texts = [problem.message for problem in matching]
    assert any(all(part in text for part in parts) for text in texts), texts
    for problem in problems:
        assert problem.severity == "warning" or "expected" in problem.message
        assert str(problem).startswith(f"{problem.file}:{problem.line}: {problem.key}: ")
        assert problem.file.read_text(encoding="utf-8").count("\n") >= problem.line


@pytest.mark.parametrize("case", CASES)
def test_a_problem_is_at_the_line_of_its_key(case, root):
    sample, changes, key, _ = CASES[case]
    _, problems = inspected(root, changed(sample, *changes))

    problem = next(problem for problem in problems if problem.key == key)

    line = problem.file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    last = key.rpartition(".")[2]
    assert "[" in last or last in line


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_probably_not_meant_is_a_warning_and_no_error(case, root):
    sample, changes, key, part = WARNINGS[case]

    experiment, problems = inspected(root, changed(sample, *changes))

    assert experiment is not None, [str(problem) for problem in problems]
    assert {problem.severity for problem in problems} == {"warning"}
    (problem,) = [problem for problem in problems if problem.key == key]
    assert part in problem.message
    assert f"{key}: warning: " in str(problem)
    assert experiment.warnings == tuple(problems)


@pytest.mark.parametrize(
    ("compartments", "more"),
    [
        ([{"id": "S"}, {"id": "I"}, {"id": "R"}], []),  # placed by default
        ([{"id": "I"}, {"id": "E", "init": 5}, *SUSCEPTIBLE_AND_IMMUNE], [LATENT]),
        ([{"id": "I", "init": 0}, *SUSCEPTIBLE_AND_IMMUNE], [IMPORTED]),
        ([{"id": "I", "init": "default"}, *SUSCEPTIBLE_AND_IMMUNE], []),
    ],
    ids=["default", "latent", "imported", "remainder"],
)
def test_people_who_come_to_infect_are_not_missed(root, compartments, more):
    transitions = [*SIR["model"]["transitions"], *more]
    changes = ("model.compartments", compartments), ("model.transitions", transitions)

    _, problems = inspected(root, changed(SIR, *changes))

    assert problems == []


@pytest.mark.parametrize("name", ALL)
def test_a_valid_experiment_has_no_warnings(name, root):
    _, problems = inspected(root, ALL[name])

    assert problems == []


def test_a_parameter_and_a_compartment_of_one_name_may_both_be_sampled(root):
    experiment, problems = inspected(
        root,
        changed(
            SAMPLING,
            ("model.parameters.I", {"type": "sampled"}),
            ("model.transitions.4.rate", "I"),
            ("modelset.sampling.parameters.I", {"values": [0.5, 0.6]}),
            ("modelset.sampling.samplers.0.parameters.end", "I"),
        ),
    )

    assert problems == []
    assert experiment is not None


def test_a_parameter_and_a_compartment_of_one_name_may_not_both_be_calibrated(root):
    prior = {"prior": {"type": "scipy", "name": "uniform"}}

    found = messages(
        root,
        CALIBRATION,
        ("model.parameters.I", {"type": "calibrated"}),
        ("model.transitions.3.rate", "mu*I"),
        ("modelset.calibration.parameters.I", prior),
    )

    assert found == [
        "modelset.calibration.compartments.I: 'I' is a calibrated parameter too; expected "
        "different names"
    ]


def test_a_grid_of_a_billion_points_is_refused_at_once(root):
    values = [i / 1000 for i in range(1000)]

    found = messages(
        root,
        SAMPLING,
        ("modelset.sampling.parameters.gamma.values", values),
        ("modelset.sampling.parameters.sigma.values", values),
        ("modelset.sampling.samplers.1.n_samples", 1000),
    )

    assert found == [
        "modelset.sampling.samplers: 2,000,000,000 members in 2 population(s); expected at most "
        "1,000,000: shorten the grid's values or replace the grid by LHS with n_samples"
    ]


def test_all_problems_are_reported_at_once(root):
    found = messages(
        root,
        SAMPLING,
        ("model.transitions.1.source", "X"),
        ("model.parameters.beta.value", "R_0"),
        ("modelset.population_names.0", "US-XX"),
        ("modelset.sampling.samplers.1.parameters.0", "R_0"),
        ("output.quantiles.compartments.0", "Q_total"),
    )

    assert len(found) >= 5


def test_load_raises_every_error_and_no_warning(root):
    sections = changed(
        SIR,
        ("model.transitions.0.source", "X"),
        ("model.parameters.extra", {"type": "scalar", "value": 1}),
        ("model.transitions.1.rate", -1),
    )

    with pytest.raises(InvalidExperimentError) as caught:
        load(locate(write_sections(root, sections)))

    assert len(caught.value.problems) == len(str(caught.value).splitlines()) == 2


def test_checks_end_after_200_errors_and_say_so(root):
    names = [f"nowhere {number}" for number in range(300)]

    experiment, problems = inspected(root, changed(SIR, ("modelset", {"population_names": names})))

    assert experiment is None
    assert len(problems) == 201
    assert all("there is no population" in each.message for each in problems[:-1])
    assert str(problems[-1]).endswith(
        "more than 200 errors; correct those that are listed, then check again"
    )
    assert problems[-1].file == problems[0].file.parent
