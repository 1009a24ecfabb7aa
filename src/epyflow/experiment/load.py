"""Load an experiment: find its files, validate them, and check them against one another."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from epyflow.errors import InvalidExperimentError, PopulationError, TooManyProblemsError
from epyflow.experiment.checks.checker import Checker
from epyflow.experiment.checks.population_data import check_population_data
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.output import DEFAULT
from epyflow.experiment.reading.documents import (
    choose_output,
    exp_id_problem,
    function_problems,
    read_documents,
)
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.problems import MOST_ERRORS, Problem, Problems
from epyflow.experiment.reading.suite_keys import suite_key_problems
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.experiment.relative_dates import resolve_dates
from epyflow.population.store import PopulationStore

Changes = Mapping[KeyPath, Any]
"""Key path, which begins with the top-level key, to a value as in YAML."""


def put(data: Any, location: KeyPath, value: Any) -> None:
    """Set a value if the mappings that enclose it exist."""
    *way, last = location
    for part in way:
        if not isinstance(data, dict) or part not in data:
            return
        data = data[part]
    if isinstance(data, dict):
        data[last] = value


def _fill_in(data: Any, key: str) -> None:
    """Add an empty mapping that YAML leaves out."""
    if isinstance(data, dict) and data.get(key) is None:
        data[key] = {}


def load(
    files: ExperimentFiles,
    output_config: str | None = None,
    populations: Collection[str] = (),
    changes: Changes | None = None,
) -> Experiment:
    """Load a valid experiment; see :func:`inspect` for the parameters.

    Raises
    ------
    InvalidExperimentError
        With every problem found.
    """
    experiment, problems = inspect(files, output_config, populations, changes)
    errors = [problem for problem in problems if problem.severity == "error"]
    if experiment is None or errors:
        raise InvalidExperimentError(errors)
    return experiment


def inspect(
    files: ExperimentFiles,
    output_config: str | None = None,
    populations: Collection[str] = (),
    changes: Changes | None = None,
    store: PopulationStore | None = None,
) -> tuple[Experiment | None, list[Problem]]:
    """Validate an experiment as far as possible.

    Parameters
    ----------
    files
        From :func:`epyflow.experiment.reading.experiment_files.locate`.
    output_config
        File name (with or without suffix) of the output to use, if there are several.
    populations
        Names in the population store, so that names unknown to the codebook are accepted.
    changes
        Values that replace or add to those in the files; they are checked likewise.
    store
        Population data that the experiment must fit; None: they are not read.

    Returns
    -------
    experiment
        None if there is an error.
    problems
        Errors and warnings, in the order of files and lines.
    """
    documents, problems = read_documents(files)
    problems += [*exp_id_problem(files), *function_problems(files)]
    for role, found in documents.items():
        for document in found:
            problems += suite_key_problems(role, document)
    for document in documents["model"] if files.replacements else ():
        _fill_in(document.data["model"], "simulation")
    for location, value in {**files.replacements, **(changes or {})}.items():
        for document in documents[str(location[0])]:
            put(document.data, location, value)
    output_document = choose_output(documents["output"], output_config, files, problems)
    dates, calendar, undated = resolve_dates(documents, output_document, files)
    collected = Problems([*problems, *undated])
    try:
        checker = Checker(files, documents, populations, collected, store)
    except TooManyProblemsError:
        explained = (calendar.explain(each, dates) for each in collected)
        return None, [*_sorted(explained), _too_many(files)]
    told = {(each.file, each.key): each for each in undated}
    kept = [each for each in collected if told.get((each.file, each.key), each) is each]
    problems = _sorted(calendar.explain(each, dates) for each in kept)
    if checker.model is None or any(problem.severity == "error" for problem in problems):
        return None, problems
    firsts = [next(iter(documents[role]), None) for role in ("model", "modelset")]
    experiment = Experiment(
        files=replace(files, last_observation=calendar.last),
        model=checker.model,
        modelset=checker.modelset,
        output=(checker.output(output_document) if output_document else None) or DEFAULT,
        populations=checker.populations,
        sources=tuple(doc.path for doc in (*firsts, output_document) if doc is not None),
        data=checker.data,
        warnings=tuple(problems),
        dates=dates,
    )
    return experiment, problems


def warn_of_populations(experiment: Experiment, store: PopulationStore) -> list[Problem]:
    """Return the warnings about the populations of an experiment that was loaded without a store.

    Errors are left to the tasks of a population, so that one population fails alone; so are data
    that cannot be read or downloaded.
    """
    documents, _ = read_documents(experiment.files)
    found: list[Problem] = []
    reports = {role: Report(each[0], role, found) for role, each in documents.items() if each}
    model, modelset = experiment.model, experiment.modelset
    of_each = reports["model"], reports.get("modelset")
    try:
        check_population_data(model, modelset, experiment.populations, store, of_each)
    except PopulationError:
        return []
    return _sorted(each for each in found if each.severity == "warning")


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (str(problem.file), problem.line, problem.key))


def _too_many(files: ExperimentFiles) -> Problem:
    what = f"more than {MOST_ERRORS} errors; correct those that are listed, then check again"
    return Problem(files.config, 1, "", what)
