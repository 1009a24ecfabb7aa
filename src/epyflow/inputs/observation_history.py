"""Gather the observations of each fitted series: as the run knew them, and as they are known now.

A fit uses one vintage of the data. Its figures also show later weeks and corrections. No task uses
this table.
"""

import csv
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.data.comparison_names import number_repeats
from epyflow.data.located_table import LocatedTable
from epyflow.data.observations import (
    Column,
    required_columns,
    select_observations,
)
from epyflow.data.observed_table import observed_files, read_observed
from epyflow.data.vintages import Vintage, data_key, is_whole, vintage_file, vintage_of
from epyflow.errors import DataError, UnreadableError
from epyflow.files import sha256_of, write_bytes_atomically
from forecast_hub.errors import HubError

if TYPE_CHECKING:
    from epyflow.experiment.experiment import Experiment
    from epyflow.experiment.format.calibration import Calibration, Comparison
    from epyflow.population.locations import Location

log = logging.getLogger(__name__)

COLUMNS = ("population", "comparison", "date", "then", "since")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Final:
    """The target data of the run: the final observations.

    Attributes
    ----------
    path
        See :func:`forecast_hub.scoring.outcomes.read_outcomes`.
    simulation
        The simulated series that they observe; empty for the first comparison.
    factor
        From the unit of the file to that of the comparison, such as 100 from proportion to percent.
    target
        The target of the hub that it is made from, by which rows are chosen.
    task_ids
        Column of the hub to its value, such as an age group, by which rows are chosen, too.
    """

    path: Path
    simulation: tuple[str, ...] = ()
    factor: float = 1.0
    target: str | None = None
    task_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the file of target data, or the files of a partitioned folder."""
        return tuple(observed_files(self.path))


@dataclass(frozen=True)
class Observed:
    """The observations of the series that a calibration compares.

    Attributes
    ----------
    experiment
        An experiment with a calibration.
    final
        The final observations, or None; they take precedence over later vintages.
    """

    experiment: "Experiment"
    final: Final | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that are read."""
        found = [*observed_files(self._path), *observed_files(self._newest)]
        return tuple(dict.fromkeys([*found, *(self.final.files if self.final else ())]))

    @property
    def hashes(self) -> list[str]:
        """Return what the table depends on: hashes of files, and what is read from them."""
        window = self._section.fitting_window
        compared = [str(each.model_dump(mode="json")) for each in self._section.comparison]
        days = [window.start_date, self._known_until, self.experiment.model.timespan.end_date]
        final = [] if self.final is None else list(self.final.simulation)
        if self.final is not None and self.final.factor != 1:
            final.append(str(self.final.factor))
        if self.final is not None:
            final += [f"{name}: {value}" for name, value in self.final.task_ids.items()]
        return [*(sha256_of(path) for path in self.files), *compared, *map(str, days), *final]

    def write(self, path: Path) -> None:
        """Write the observations of each population as CSV.

        A row for each population, comparison and date: ``then`` as the run knew the value,
        ``since`` as it is known now; empty if there is none. Current data that cannot be read
        are left out, and the log says so.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for place in self.experiment.populations:
            for position, name in enumerate(self._names):
                then, since = self._then(place, position), self._since(place, position)
                for day in sorted(then.keys() | since.keys()):
                    cells = [f"{each[day]:.10g}" if day in each else "" for each in (then, since)]
                    writer.writerow([place.name, name, day.isoformat(), *cells])
        write_bytes_atomically(path, text.getvalue().encode())

    @property
    def _section(self) -> "Calibration":
        if self.experiment.calibration is None:
            raise ValueError("nothing is calibrated, so nothing compared")
        return self.experiment.calibration

    @property
    def _names(self) -> tuple[str, ...]:
        return number_repeats("+".join(each.simulation) for each in self._section.comparison)

    @property
    def _path(self) -> Path:
        day = self._section.observed_data_vintage
        return self.experiment.data[data_key(self._section.observed_data_path, day)]

    @cached_property
    def _newest(self) -> Path:
        """Return the latest of the files that differ only in the date in their names."""
        try:
            return vintage_file(self._path, date.max)
        except UnreadableError as error:
            log.warning("later vintages are not drawn: %s", error)
            return self._path

    @property
    def _vintage(self) -> Vintage | None:
        section = self._section
        return vintage_of(self._path, section.observed_data_vintage, section.observed_as_of_column)

    @property
    def _newest_vintage(self) -> Vintage | None:
        """Return the latest vintage of a file whose rows carry the date of their vintage."""
        used = self._vintage
        return None if used is None or used.column is None else Vintage(date.max, used.column)

    @property
    def _known_until(self) -> date:
        """Return the last day that the run can have had observations of.

        A vintage holds what was known. Of any other file, it is the day before the reference date
        of the submission; without a submission, the end of the fitting window.
        """
        if self._vintage is not None or is_whole(self._path):
            return date.max
        end = self._section.fitting_window.end_date
        hub = self.experiment.output.hub
        reference = hub[1].reference_date if hub else None
        return end if reference is None else max(end, reference - _DAY)

    @cached_property
    def _sheets(self) -> dict[Path, LocatedTable]:
        """Read each file once; leave out those that cannot be read."""
        columns = list(map(_column, self._section.comparison))
        found = {}
        vintages = {self._newest: self._newest_vintage, self._path: self._vintage}
        for path, vintage in vintages.items():
            try:
                table = read_observed(
                    path, required_columns(columns, vintage), self._section.observed_rows
                )
                found[path] = LocatedTable(table, self._section.observed_location_column)
            except (DataError, UnreadableError) as error:
                log.warning("not drawn: %s", error)
        return found

    def _then(self, place: "Location", position: int) -> dict[date, float]:
        return self._read(self._path, self._vintage, place, position, self._known_until)

    def _since(self, place: "Location", position: int) -> dict[date, float]:
        final = self._final.get(position)
        if final is not None:
            spellings = {each.casefold() for each in place.spellings}
            its = {day: value for where, day, value in final if where.casefold() in spellings}
            if its:
                return its
        return self._read(self._newest, self._newest_vintage, place, position, date.max)

    def _read(
        self, path: Path, vintage: Vintage | None, place: "Location", position: int, last: date
    ) -> dict[date, float]:
        section = self._section
        window = (section.fitting_window.start_date, min(last, self._end))
        if path not in self._sheets:
            return {}
        try:
            dates, values = select_observations(
                self._sheets[path],
                place.spellings,
                [_column(section.comparison[position])],
                window,
                vintage,
            )
        except DataError as error:
            log.warning("%s: not drawn: %s", place.label, error)
            return {}
        pairs = zip(dates, values[:, 0].tolist(), strict=True)
        return {day: value for day, value in pairs if value == value}

    @property
    def _end(self) -> date:
        return self.experiment.model.timespan.end_date

    @cached_property
    def _final(self) -> dict[int, list[tuple[str, date, float]]]:
        """Return the final observations by comparison."""
        if self.final is None:
            return {}
        compared = [each.simulation for each in self._section.comparison]
        simulation = self.final.simulation or compared[0]
        if simulation not in compared:
            return {}
        try:
            return {compared.index(simulation): list(self._final_rows(self.final))}
        except (DataError, UnreadableError) as error:
            log.warning("target_data is not drawn beside the fit: %s", error)
            return {}

    def _final_rows(self, final: Final) -> Iterator[tuple[str, date, float]]:
        from forecast_hub.scoring import matching, outcomes  # slow to import

        first = self._section.fitting_window.start_date
        names = [name for place in self.experiment.populations for name in place.spellings]
        folded = [(name, name.casefold()) for name in names]
        try:
            found = outcomes.read_outcomes(final.path, [*final.task_ids], names, folded)
        except HubError as error:
            raise DataError(str(error)) from error
        series = matching.observed_series((), final.target)
        rows = matching.select_series(matching.select_target(found, series, series), final.task_ids)
        for place, text, value in rows[["location", "target_end_date", "observed"]].to_numpy():
            day = date.fromisoformat(text)
            if first <= day <= self._end:
                yield place, day, float(value) * final.factor


def _column(comparison: "Comparison") -> Column:
    return Column(comparison.observed_value_column, comparison.observed_date_column)
