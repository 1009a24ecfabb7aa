"""Check that the data files of an experiment exist, can be read and have the named columns."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from epyflow.data import vintages
from epyflow.data.located_table import LOCATION_COLUMNS
from epyflow.data.observed_table import observed_files, read_observed
from epyflow.errors import DataError, UnreadableError
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.files import LEADS_OUT
from epyflow.suggest import did_you_mean, listed
from forecast_hub.errors import HubError
from forecast_hub.limited_files import csv_rows

_COVERAGE_COLUMNS = ("Geography", "Age", "Population", "Week_Ending_Sat")
_SCENARIO = re.compile(r"(?:^|[._])sc_(?P<name>.+)$")


@dataclass(frozen=True)
class Scenario:
    """A choice among the columns of a coverage file.

    Attributes
    ----------
    name
        None if YAML leaves it out.
    location
        Key path of its name.
    """

    name: str | None
    location: KeyPath


@dataclass(frozen=True)
class NamedFile:
    """A data file that YAML names.

    Attributes
    ----------
    location
        Key path of its name, below the document's top-level key.
    written
        The path as written.
    columns
        Columns it must have, each with the key path that names it.
    any_of
        It must have one of these columns.
    scenario
        The column of coverage to read; None for other files.
    vintage
        The date as of which observations are read; None for the file as it is.
    as_of
        The column with the date on which a row became known, if YAML names one.
    observed
        Whether it holds observations, which may be a folder or parquet.
    """

    location: KeyPath
    written: str
    columns: tuple[tuple[str, KeyPath], ...] = ()
    any_of: tuple[str, ...] = ()
    scenario: Scenario | None = None
    vintage: date | None = None
    as_of: str | None = None
    observed: bool = False

    @property
    def key(self) -> str:
        """The key of the file in ``Experiment.data``."""
        return vintages.data_key(self.written, self.vintage)


def check_data_files(
    data_files: Iterator[NamedFile], files: ExperimentFiles, report: Report
) -> dict[str, Path]:
    """Find the files and check their columns. Return each file that was found, by its key."""
    found: dict[str, Path] = {}
    for named in data_files:
        try:
            path = find_data_file(named, files, report.document.path)
            header = _header(path)
            if named.vintage is not None:
                vintages.check_column(header, path, named.as_of)
        except (ValueError, DataError, UnreadableError) as error:
            report.error(named.location, str(error))
            continue
        found[named.key] = path
        for column, location in named.columns:
            if column not in header:
                report.error(
                    location,
                    f"{named.written} has no column {column!r}{did_you_mean(column, header)}; "
                    f"expected one of {listed(header)}",
                )
        if named.any_of and not set(named.any_of) & set(header):
            report.error(
                named.location,
                f"{named.written} has no column {' or '.join(named.any_of)}; expected one of "
                f"{listed(header)} as observed_location_column",
            )
        if named.scenario is None or not {column for column, _ in named.columns} <= set(header):
            continue
        if "dates" in header:
            _scenario_of_doses(named.scenario, header, named, report)
        else:
            _scenario(named.scenario, header, named, report)
    return found


def find_data_file(named: NamedFile, files: ExperimentFiles, beside: Path) -> Path:
    """Return the file that a YAML file names; of several vintages, the one as of the date.

    Raises
    ------
    ValueError, DataError, UnreadableError
        If it is missing, or a folder in which nothing chooses a file.
    """
    if named.key in files.bundled:
        return files.resolve(named.key, beside, folder=named.observed)
    try:
        found = files.resolve(named.written, beside, folder=named.observed)
    except ValueError:
        kept = [key for key in files.bundled if key.partition(" as of ")[0] == named.written]
        if not kept:
            raise
        raise DataError(
            f"the archive of a run holds {listed(kept)}, which that run has read, and not "
            f"{named.key}; expected the dates of that run, or the experiment's own folder, which "
            "has all vintages, in experiments_root"
        ) from None
    if found.is_dir():
        found = vintages.target_data_in(found)
    if named.vintage is not None:
        found = vintages.vintage_file(found, named.vintage)
    elif found.is_dir() and not vintages.is_partitioned(found):
        raise DataError(
            f"{named.written!r} is a folder of several files; expected observed_data_vintage, a "
            "date, which chooses among dated files, or one file"
        )
    real = files.resolve(str(found), beside, folder=named.observed)
    for each in observed_files(real) if real.is_dir() else ():
        if not files.holds(each):
            raise DataError(f"{each} {LEADS_OUT}")
    return real


def _scenario(wanted: Scenario, header: list[str], named: NamedFile, report: Report) -> None:
    """Report a scenario that does not exist, or that is not chosen among several."""
    names = _scenario_names(header)
    if wanted.name is not None and not names and "Coverage" in header:
        report.warn(
            wanted.location,
            f"has no effect: {named.written} has the one column Coverage; expected no scenario",
        )
    elif wanted.name is not None:
        report.check_name("scenario", wanted.name, names, wanted.location)
    elif len(names) + ("Coverage" in header) != 1:
        found = "several columns" if names else "no column"
        choice = f"scenario: one of {listed(names)}" if names else "Coverage or ...sc_<NAME>"
        report.error(named.location, f"{named.written} has {found} of coverage; expected {choice}")


def _scenario_of_doses(
    wanted: Scenario, header: list[str], named: NamedFile, report: Report
) -> None:
    """Warn of a scenario that selects nothing; its rows are read with those of the location."""
    if wanted.name is not None and "scenario" not in header:
        report.warn(
            wanted.location,
            f"has no effect: {named.written} has no column scenario; expected no scenario",
        )


def coverage_scenarios(path: Path) -> list[str]:
    """Return the scenarios of a coverage file, in the order of its columns.

    Raises
    ------
    ValueError
        If it is not a CSV file with a header.
    """
    return _scenario_names(_header(path))


def _scenario_names(header: list[str]) -> list[str]:
    matches = [match for column in header if (match := _SCENARIO.search(column))]
    return [match["name"] for match in matches]


def _header(path: Path) -> list[str]:
    if path.is_dir() or path.suffix == ".parquet":
        return list(read_observed(path).columns)
    try:
        _, header = next(csv_rows(path), (1, []))
    except HubError as error:
        raise ValueError(str(error)) from None
    except (UnicodeDecodeError, csv.Error, zlib.error, EOFError, gzip.BadGzipFile) as error:
        kind = "gzipped CSV" if path.suffix == ".gz" else "CSV"
        raise ValueError(f"{path} is not a {kind} file: {error}; expected one in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if not header:
        raise ValueError(f"{path} is empty; expected a CSV file with a header")
    return header


def model_files(model: Model) -> Iterator[NamedFile]:
    """Yield the files of the model section."""
    section = model.vaccination
    if section is None:
        return
    if section.scenario_data_path is not None:
        key_path: KeyPath = ("vaccination", "scenario_data_path")
        columns = tuple((column, key_path) for column in _COVERAGE_COLUMNS)
        scenario = Scenario(section.scenario, ("vaccination", "scenario"))
        yield NamedFile(key_path, section.scenario_data_path, columns, scenario=scenario)
    if section.preprocessed_vaccination_data_path is not None:
        key_path = ("vaccination", "preprocessed_vaccination_data_path")
        named = ("dates", "location", *model.population.age_groups)
        columns = tuple((column, key_path) for column in named)
        path = section.preprocessed_vaccination_data_path
        scenario = Scenario(section.scenario, ("vaccination", "scenario"))
        yield NamedFile(key_path, path, columns, scenario=scenario)


def modelset_files(modelset: Modelset) -> Iterator[NamedFile]:
    """Yield the files of the modelset section."""
    section = modelset.calibration
    if section is None:
        return
    here: KeyPath = ("calibration", "observed_data_path")
    columns: list[tuple[str, KeyPath]] = []
    for position, comparison in enumerate(section.comparison):
        for key in ("observed_value_column", "observed_date_column"):
            where = ("calibration", "comparison", position, key)
            columns.append((getattr(comparison, key), where))
        if comparison.observed_visits_column is not None:
            where = ("calibration", "comparison", position, "observed_visits_column")
            columns.append((comparison.observed_visits_column, where))
    named = section.observed_location_column
    if named is not None:
        columns.append((named, ("calibration", "observed_location_column")))
    any_of = () if named is not None else LOCATION_COLUMNS
    if section.observed_as_of_column is not None:
        columns.append((section.observed_as_of_column, ("calibration", "observed_as_of_column")))
    yield NamedFile(
        here,
        section.observed_data_path,
        tuple(columns),
        any_of,
        vintage=section.observed_data_vintage,
        as_of=section.observed_as_of_column,
        observed=True,
    )


def output_files(output: Output) -> Iterator[NamedFile]:
    """Yield the files of the output section."""
    hub = output.flusight_format
    if hub is None or hub.rate_trends is None:
        return
    here: KeyPath = ("flusight_format", "rate_trends")
    keys = ["observed_value_column", "observed_date_column"]
    if hub.rate_trends.observed_as_of_column is not None:
        keys.append("observed_as_of_column")
    named = hub.rate_trends.observed_location_column
    if named is not None:
        keys.append("observed_location_column")
    columns = tuple((getattr(hub.rate_trends, key), (*here, key)) for key in keys)
    any_of = () if named is not None else LOCATION_COLUMNS
    path = hub.rate_trends.observed_data_path
    yield NamedFile(
        (*here, "observed_data_path"),
        path,
        columns,
        any_of,
        vintage=hub.rate_trends.observed_data_vintage,
        as_of=hub.rate_trends.observed_as_of_column,
        observed=True,
    )
