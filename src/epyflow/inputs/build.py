"""Build the inputs of a run: read populations and data once, write one Task per file."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts import pickling
from epyflow.artifacts.task import DailyDoses, Failure, Member, Observations, Population, Task
from epyflow.data.coverage import read_coverage, read_preprocessed
from epyflow.data.growth_forecasts import choose
from epyflow.data.school_calendar import Calendar, closure_days, read_calendar
from epyflow.errors import DataError, PopulationError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.forcing import SchoolClosure
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.observation_model import has_growth
from epyflow.experiment.observed_growth import forecast_observed
from epyflow.experiment.reading.user_functions import UserFunctions
from epyflow.inputs.fan_out import Plan, PlannedTask, first_day
from epyflow.inputs.parameter_sets import ParameterSet, parameter_sets
from epyflow.inputs.resolved_priors import with_named_priors
from epyflow.inputs.task_observations import read_task_observations
from epyflow.logs import Progress
from epyflow.model.vaccination import join_doses
from epyflow.population.age_groups import AgeGroup, overlap_shares, parse_age_groups
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Build:
    """The sources that the inputs of a run are built from.

    Attributes
    ----------
    experiment, plan
        A valid experiment and its plan.
    store
        Loads populations.
    calendar_file
        File of school breaks; None for the default calendar.
    seed
        The seed of the experiment, or the one drawn for the run.
    engine
        Name of the engine that simulates.
    run_code
        :func:`epyflow.provenance.code_version` of the run stage.
    """

    experiment: Experiment
    plan: Plan
    store: PopulationStore
    calendar_file: Path | None
    seed: int
    engine: str
    run_code: str

    def write(self, paths: Mapping[int, Path]) -> frozenset[int]:
        """Write the files of tasks; for a population that cannot be built, write a Failure.

        Parameters
        ----------
        paths
            Task number to its file. No other task is written.

        Returns
        -------
        failed
            Numbers of the tasks whose file holds a Failure.

        Raises
        ------
        DataError
            If the draws or the calendar, which all populations share, cannot be built. Then
            nothing is written.
        """
        sets = self._parameter_sets()
        calendar = read_calendar(self.calendar_file) if self.calendar_file else None
        failed = set()
        progress = Progress(log, "population", len(self.plan.populations))
        for position, location in enumerate(self.plan.populations):
            planned = [task for task in self.plan.tasks_of(position) if task.index in paths]
            if planned:
                for index, item in self._built(planned, location, sets, calendar):
                    pickling.write(item, paths[index])
                    if isinstance(item, Failure):
                        failed.add(index)
            progress.step()
        return frozenset(failed)

    def _parameter_sets(self) -> list[ParameterSet]:
        sampling = self.experiment.sampling
        functions = UserFunctions(self.experiment.files.folder / "functions")
        sets = parameter_sets(sampling, self.seed, functions)
        end = self.experiment.model.timespan.end_date
        late = [each.start_date for each in sets if each.start_date and each.start_date > end]
        if late:
            raise DataError(
                f"{len(late)} of {len(sets)} drawn start dates are after timespan.end_date {end}, "
                f"the latest {max(late)}; expected a distribution of sampling.start_date that "
                "stays before it"
            )
        return sets

    @cached_property
    def _model(self) -> str:
        return numeric_json(self.experiment.model)

    def _built(
        self,
        planned: list[PlannedTask],
        location: Location,
        sets: list[ParameterSet],
        calendar: Calendar | None,
    ) -> Iterator[tuple[int, Task | Failure]]:
        try:
            shared = self._shared(location, calendar, sets)
        except (PopulationError, DataError) as error:
            log.error("%s: %s", location.name, error)
            for task in planned:
                cause = self.experiment.with_written_paths(str(error), self.store.folders)
                yield task.index, self._failure(task, cause)
            return
        for task in planned:
            yield task.index, self._task(task, shared, sets)

    def _shared(
        self, location: Location, calendar: Calendar | None, sets: list[ParameterSet]
    ) -> "_Shared":
        model = self.experiment.model
        population = self.store.load(location.name, model.population.age_groups)
        return _Shared(
            population,
            self._doses(location),
            self._scenario_doses(location),
            self._closures(location, calendar, sets),
            self._observations(location),
            choose(self._forecasts, location) if self._forecasts else None,
        )

    @cached_property
    def _calibration(self) -> Calibration | None:
        """The calibration section, with custom priors replaced by what they return."""
        if self.experiment.calibration is None:
            return None
        functions = UserFunctions(self.experiment.files.folder / "functions")
        return with_named_priors(self.experiment.calibration, functions)

    def _observations(self, location: Location) -> Observations | None:
        section = self._calibration
        if section is None:
            return None
        return read_task_observations(self.experiment, section, location)

    @cached_property
    def _forecasts(self) -> Mapping[str, NDArray[np.float64]]:
        """The forecasts by damped growth of all locations in the file of observations."""
        section = self._calibration
        projection = None if section is None else section.projection
        if section is None or projection is None or not has_growth(projection.observation_model):
            return {}
        return forecast_observed(section, self.experiment.data)

    def _doses(self, location: Location) -> DailyDoses | None:
        model = self.experiment.model
        section = model.vaccination
        if section is None:
            return None
        spellings = location.spellings
        if section.preprocessed_vaccination_data_path is not None:
            path = self.experiment.data[section.preprocessed_vaccination_data_path]
            return read_preprocessed(path, spellings, model.population.age_groups, section.scenario)
        if section.scenario_data_path is None:
            raise DataError("vaccination names no data file")
        return self._coverage(location, section.scenario_data_path, section.scenario)

    def _scenario_doses(self, location: Location) -> dict[str, DailyDoses]:
        """Return the doses of each projection scenario that names its own coverage."""
        vaccination, calibration = self.experiment.model.vaccination, self._calibration
        if calibration is None or calibration.projection is None:
            return {}
        if vaccination is None or vaccination.scenario_data_path is None:
            return {}
        path, last = vaccination.scenario_data_path, calibration.fitting_window.end_date
        fitted = self._coverage(location, path, vaccination.scenario)
        return {
            scenario.id: join_doses(
                fitted, self._coverage(location, path, scenario.vaccination_scenario), last
            )
            for scenario in calibration.projection.scenarios
            if scenario.vaccination_scenario is not None
        }

    def _coverage(self, location: Location, written: str, scenario: str | None) -> DailyDoses:
        model = self.experiment.model
        target = parse_age_groups(model.population.age_groups)
        fine = self.store.fine(location.name)
        shares = partial(_shares, target=target, fine=fine.age_groups, sizes=fine.sizes)
        return read_coverage(self.experiment.data[written], location.spellings, scenario, shares)

    def _closures(
        self, location: Location, calendar: Calendar | None, sets: list[ParameterSet]
    ) -> tuple[date, ...]:
        model = self.experiment.model
        if not any(isinstance(item, SchoolClosure) for item in model.interventions):
            return ()
        drawn = [each.start_date for each in sets if each.start_date is not None]
        first = min(drawn, default=first_day(self.experiment))
        return closure_days(location.iso, first, model.timespan.end_date, calendar)

    def _task(self, planned: PlannedTask, shared: "_Shared", sets: list[ParameterSet]) -> Task:
        members = tuple(
            Member(
                primary_id=planned.primary_id + offset,
                index=planned.first + offset,
                parameters=sets[planned.first + offset].parameters,
                compartments=sets[planned.first + offset].compartments,
                start_date=sets[planned.first + offset].start_date,
            )
            for offset in range(planned.members)
        )
        return Task(
            index=planned.index,
            code=self.run_code,
            seed=self.seed,
            strategy=self.plan.strategy,
            engine=self.engine,
            model=self._model,
            population=shared.population,
            doses=shared.doses,
            closure_days=shared.closure_days,
            members=members,
            calibration=self._calibration.model_dump_json() if self._calibration else None,
            observations=shared.observations,
            scenario_doses=shared.scenario_doses,
            growth=shared.growth,
        )

    def _failure(self, planned: PlannedTask, cause: str) -> Failure:
        return Failure(
            index=planned.index,
            seed=self.seed,
            population=planned.population.name,
            location=planned.population.iso,
            primary_ids=tuple(range(planned.primary_id, planned.primary_id + planned.members)),
            stage="build",
            cause=cause,
        )


@dataclass(frozen=True)
class _Shared:
    """The data that the tasks of one population share."""

    population: Population
    doses: DailyDoses | None
    scenario_doses: dict[str, DailyDoses]
    closure_days: tuple[date, ...]
    observations: Observations | None
    growth: NDArray[np.float64] | None


def numeric_json(model: Model) -> str:
    """Write the model section as JSON without its labels and descriptions."""
    plain = model.model_copy(
        update={
            "meta": None,
            "name": None,
            "compartments": tuple(
                compartment.model_copy(update={"label": None}) for compartment in model.compartments
            ),
        }
    )
    return plain.model_dump_json()


def _shares(
    interval: AgeGroup,
    target: tuple[AgeGroup, ...],
    fine: tuple[AgeGroup, ...],
    sizes: NDArray[np.float64],
) -> NDArray[np.float64]:
    try:
        shares = overlap_shares([interval], target, fine, sizes)
    except ValueError as error:
        raise DataError(f"vaccination data: {error}") from None
    row: NDArray[np.float64] = shares[0]
    return row
