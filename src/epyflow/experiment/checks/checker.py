"""Run all checks of an experiment, as far as its sections can be read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from epyflow.experiment.checks.calibration import check_calibration, used_by_scales
from epyflow.experiment.checks.data_files import (
    check_data_files,
    model_files,
    modelset_files,
    output_files,
)
from epyflow.experiment.checks.functions import check_functions
from epyflow.experiment.checks.model import check_model
from epyflow.experiment.checks.modelset import check_modelset, check_size
from epyflow.experiment.checks.observed_data import check_observations, check_rate_trends
from epyflow.experiment.checks.observed_dates import Round
from epyflow.experiment.checks.output_requests import check_results, check_selections
from epyflow.experiment.checks.population_data import check_population_data
from epyflow.experiment.checks.populations import check_populations, check_some_population
from epyflow.experiment.checks.projection import check_growth_data, check_vaccination_scenarios
from epyflow.experiment.checks.rates import check_rates
from epyflow.experiment.checks.sampling import check_sampling
from epyflow.experiment.format.hub_formats import FlusmhFormat
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.problems import Problem
from epyflow.experiment.reading.sections import Section, read_section
from epyflow.experiment.reading.yaml_source import Document
from epyflow.population.store import PopulationStore


@dataclass(frozen=True)
class _Read(Generic[Section]):
    """A section, and the report of its problems."""

    section: Section
    report: Report


class Checker:
    """Validate the sections, each alone and then together.

    A check is left out if a section that it needs is missing or cannot be read, so that one
    mistake is not reported as several.

    Parameters
    ----------
    files
        The files of the experiment.
    documents
        Role to the files with that key; the first is used.
    known
        Names in the population store.
    problems
        Problems are added here.
    store
        Population data to check against; None: no data are read.

    Attributes
    ----------
    populations
        The populations that were found.
    data
        Data file as written in YAML to the file found.
    """

    def __init__(
        self,
        files: ExperimentFiles,
        documents: Mapping[str, Sequence[Document]],
        known: Collection[str],
        problems: list[Problem],
        store: PopulationStore | None = None,
    ) -> None:
        self._files = files
        self._problems = problems
        self._model = self._first(documents["model"], "model", Model)
        self._modelset = self._first(documents["modelset"], "modelset", Modelset)
        # A file that could not be read may be the modelset.
        unread = any(each.severity == "error" for each in problems)
        self._modelset_is_known = self._modelset is not None or not (
            documents["modelset"] or unread
        )
        outputs = [self._read(document, "output", Output) for document in documents["output"]]
        self._outputs = [read for read in outputs if read is not None]
        self.populations = check_populations(
            self.model, self.modelset, _report(self._model), _report(self._modelset), known
        )
        self._check_each()
        self._check_together()
        if store is not None and self._model is not None:
            reports = self._model.report, _report(self._modelset)
            check_population_data(
                self._model.section, self.modelset, self.populations, store, reports
            )
        self.data = self._found_files()

    @property
    def model(self) -> Model | None:
        """The model section; None if it is missing or cannot be read."""
        return self._model.section if self._model else None

    @property
    def modelset(self) -> Modelset | None:
        """The modelset section; None if it is missing or cannot be read."""
        return self._modelset.section if self._modelset else None

    def output(self, document: Document) -> Output | None:
        """Return the section of an output file; None if it cannot be read."""
        found = (read for read in self._outputs if read.report.document.path == document.path)
        return next((read.section for read in found), None)

    def _first(
        self, documents: Sequence[Document], role: str, model: type[Section]
    ) -> _Read[Section] | None:
        return self._read(documents[0], role, model) if documents else None

    def _read(self, document: Document, role: str, model: type[Section]) -> _Read[Section] | None:
        document, section = read_section(document, role, model, self._problems)
        if section is None:
            return None
        return _Read(section, Report(document, role, self._problems))

    def _check_each(self) -> None:
        if self._model is not None:
            check_model(self._model.section, self._model.report, used_by_scales(self.modelset))
        if self._modelset is not None:
            modelset, report = self._modelset.section, self._modelset.report
            if modelset.sampling is not None:
                check_sampling(modelset.sampling, report)
            if modelset.calibration is not None:
                check_calibration(modelset.calibration, report)
            check_size(modelset, max(1, len(self.populations)), report)
            check_functions(modelset, self._files, report)

    def _check_together(self) -> None:
        if self._model is not None and self._modelset_is_known:
            model, report = self._model.section, self._model.report
            check_some_population(model, self.modelset, report)
            check_modelset(model, self.modelset, report, _report(self._modelset))
            check_rates(model, self.modelset, report, _report(self._modelset))
        for read in self._outputs:
            if self.model is not None:
                check_selections(read.section, self.model, read.report)
            if self._modelset_is_known:
                check_results(read.section, self.modelset, read.report)

    def _found_files(self) -> dict[str, Path]:
        named = [(output_files(read.section), read.report) for read in self._outputs]
        if self._model is not None:
            named.append((model_files(self._model.section), self._model.report))
        if self._modelset is not None:
            named.append((modelset_files(self._modelset.section), self._modelset.report))
        found: dict[str, Path] = {}
        for data_files, report in named:
            found |= check_data_files(data_files, self._files, report)
        if self._model is not None and self._modelset is not None:
            calibration = self._modelset.section.calibration
            if calibration is not None:
                report = self._modelset.report
                check_vaccination_scenarios(self._model.section, calibration, found, report)
                model = self._model.section
                hubs = [read.section.hub for read in self._outputs]
                check_observations(
                    *(model, calibration, self.populations, found, report),
                    submits=any(hubs),
                    rounds=[
                        Round(hub.reference_date, hub.horizon_0_days or 0)
                        for _, hub in filter(None, hubs)
                        if hub.reference_date and not isinstance(hub, FlusmhFormat)
                    ],
                )
                check_growth_data(calibration, self.populations, found, report)
        for read in self._outputs:
            check_rate_trends(read.section, self.populations, found, read.report)
        return found


def _report(read: _Read[Section] | None) -> Report | None:
    return read.report if read is not None else None
