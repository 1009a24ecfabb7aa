"""Load an experiment: find its files, validate them, and check them against one another."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from epyflow.errors import InvalidExperimentError, PopulationError
from epyflow.experiment.check_files import (
    check_files,
    check_functions,
    model_files,
    modelset_files,
    output_files,
)
from epyflow.experiment.check_model import check_model
from epyflow.experiment.check_modelset import check_modelset, check_size
from epyflow.experiment.check_output import check_output
from epyflow.experiment.discovery import Place, read_documents
from epyflow.experiment.model import Model
from epyflow.experiment.modelset import Modelset
from epyflow.experiment.output import DEFAULT, Output
from epyflow.experiment.problems import Problem, from_validation
from epyflow.experiment.report import Report
from epyflow.experiment.source import Document
from epyflow.population.locations import ALL_US, Location, find

Section = TypeVar("Section", bound=BaseModel)


@dataclass(frozen=True)
class Experiment:
    """A valid experiment.

    Attributes
    ----------
    place
        Where it is.
    model, modelset, output
        Its sections; the output is the one chosen for the run.
    populations
        Each once, in the order of the modelset.
    sources
        The YAML files in use.
    data
        Data file as written in YAML to the file found.
    warnings
        What is allowed but probably not meant.
    """

    place: Place
    model: Model
    modelset: Modelset | None
    output: Output
    populations: tuple[Location, ...]
    sources: tuple[Path, ...]
    data: dict[str, Path]
    warnings: tuple[Problem, ...] = ()


def canonical_json(section: BaseModel | None) -> str:
    """Write a section as JSON whose text depends on its values alone."""
    if section is None:
        return "null"
    return json.dumps(section.model_dump(mode="json"), separators=(",", ":"), allow_nan=False)


def load(
    place: Place, output_config: str | None = None, populations: tuple[str, ...] = ()
) -> Experiment:
    """Load a valid experiment; see :func:`inspect` for the parameters.

    Raises
    ------
    InvalidExperimentError
        With every problem found.
    """
    experiment, problems = inspect(place, output_config, populations)
    errors = [problem for problem in problems if problem.severity == "error"]
    if experiment is None or errors:
        raise InvalidExperimentError(errors)
    return experiment


def inspect(
    place: Place, output_config: str | None = None, populations: tuple[str, ...] = ()
) -> tuple[Experiment | None, list[Problem]]:
    """Validate an experiment as far as possible.

    Parameters
    ----------
    place
        From :func:`epyflow.experiment.discovery.locate`.
    output_config
        File name (with or without suffix) of the output to use, where there are several.
    populations
        Names in the population store, so that names unknown to the codebook are accepted.

    Returns
    -------
    experiment
        None if there is an error.
    problems
        Errors and warnings, in the order of files and lines.
    """
    documents, problems = read_documents(place)
    model_doc = next(iter(documents["model"]), None)
    modelset_doc = next(iter(documents["modelset"]), None)
    output_doc = _chosen_output(documents["output"], output_config, place, problems)
    model = _section(model_doc, "model", Model, problems)
    modelset = _section(modelset_doc, "modelset", Modelset, problems)
    outputs = [_section(doc, "output", Output, problems) for doc in documents["output"]]
    checker = _Checker(place, problems)
    if model_doc is not None and model is not None:
        checker.model(model_doc, model)
        if modelset_doc is None or modelset is not None:
            checker.modelset(modelset_doc, modelset, populations)
            for document, section in zip(documents["output"], outputs, strict=True):
                if section is not None:
                    checker.output(document, section)
    problems.sort(key=lambda problem: (str(problem.file), problem.line, problem.key))
    if model is None or any(problem.severity == "error" for problem in problems):
        return None, problems
    chosen = outputs[documents["output"].index(output_doc)] if output_doc else None
    used = [doc.path for doc in (model_doc, modelset_doc, output_doc) if doc is not None]
    experiment = Experiment(
        place=place,
        model=model,
        modelset=modelset,
        output=chosen or DEFAULT,
        populations=checker.populations,
        sources=tuple(used),
        data=checker.data,
        warnings=tuple(problems),
    )
    return experiment, problems


def _chosen_output(
    documents: list[Document], chosen: str | None, place: Place, problems: list[Problem]
) -> Document | None:
    names = [document.path.name for document in documents]
    by_name = {name: document for name, document in zip(names, documents, strict=True)}
    by_name |= {document.path.stem: document for document in documents}
    if chosen is not None:
        if chosen not in by_name:
            there = f"expected one of {', '.join(names)}" if names else "there is no output file"
            problems.append(
                Problem(place.config, 1, "", f"output_config {chosen!r} is not there; {there}")
            )
        return by_name.get(chosen)
    if len(documents) > 1 and "output" not in by_name:
        problems.append(
            Problem(
                place.config,
                1,
                "",
                f"several output files ({', '.join(names)}); choose one with output_config",
            )
        )
        return None
    return by_name.get("output", documents[0]) if documents else None


def _section(
    document: Document | None, role: str, model: type[Section], problems: list[Problem]
) -> Section | None:
    if document is None or role not in document.data:
        return None
    try:
        return model.model_validate(document.data[role])
    except ValidationError as error:
        problems += from_validation(error, document, (role,), model)
        return None


class _Checker:
    """Runs the checks across files and keeps what they resolve."""

    def __init__(self, place: Place, problems: list[Problem]) -> None:
        self._place = place
        self._problems = problems
        self._model: Model
        self._modelset: Modelset | None = None
        self._model_doc: Document
        self.data: dict[str, Path] = {}
        self.populations: tuple[Location, ...] = ()

    def _report(self, document: Document, role: str) -> Report:
        return Report(document, role, self._problems)

    def model(self, document: Document, model: Model) -> None:
        self._model, self._model_doc = model, document
        report = self._report(document, "model")
        check_model(model, report)
        self.data |= check_files(model_files(model), self._place, report)

    def modelset(
        self, document: Document | None, modelset: Modelset | None, known: tuple[str, ...]
    ) -> None:
        self._modelset = modelset
        model_report = self._report(self._model_doc, "model")
        report = self._report(document, "modelset") if document else None
        check_modelset(self._model, modelset, model_report, report)
        self._populations(modelset, model_report, report, known)
        if modelset is not None and report is not None:
            check_size(modelset, max(1, len(self.populations)), report)
            self.data |= check_files(modelset_files(modelset), self._place, report)
            check_functions(modelset, self._place, report)

    def _populations(
        self,
        modelset: Modelset | None,
        model_report: Report,
        report: Report | None,
        known: tuple[str, ...],
    ) -> None:
        own = self._model.population.name
        names = modelset.population_names if modelset else None
        here = ("population_names",)
        if own is None and names is None:
            model_report.error(
                ("population",),
                "no population; expected population.name here or population_names in a modelset",
            )
        places: list[Location] = []
        home = self._find(own, model_report, ("population", "name"), known)
        if names is None or report is None or modelset is None:
            self.populations = tuple(home)
            return
        if names == ("all",):
            out = [self._find(n, report, ("exclude", i), known) for i, n in enumerate(modelset.exclude)]
            excluded = [place for found in out for place in found]
            places = [place for place in ALL_US if place not in excluded]
        else:
            for position, name in enumerate(names):
                places += self._find(name, report, (*here, position), known)
        if len(set(places)) < len(places):
            twice = next(place for place in places if places.count(place) > 1)
            report.error(here, f"{twice.label} is listed twice, under two of its names")
        if home and places and places != home:
            report.error(
                here,
                f"disagrees with model.population.name {own!r}; keep one of the two",
            )
        self.populations = tuple(places)

    def _find(
        self,
        name: str | None,
        report: Report,
        location: tuple[str | int, ...],
        known: tuple[str, ...],
    ) -> list[Location]:
        if name is None:
            return []
        try:
            return [find(name, known)]
        except PopulationError as error:
            report.error(location, str(error))
            return []

    def output(self, document: Document, output: Output) -> None:
        report = self._report(document, "output")
        check_output(output, self._model, self._modelset, report)
        self.data |= check_files(output_files(output), self._place, report)
