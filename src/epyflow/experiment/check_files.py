"""Check that the files an experiment names are there, readable, and have the columns named."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from epyflow.experiment.discovery import Place
from epyflow.experiment.distributions import CustomDistribution
from epyflow.experiment.model import Model
from epyflow.experiment.modelset import Modelset
from epyflow.experiment.output import Output
from epyflow.experiment.report import Report
from epyflow.experiment.source import Location
from epyflow.functions import defined
from epyflow.nearest import did_you_mean, listed

LOCATION_COLUMNS = ("geo_value", "location")


@dataclass(frozen=True)
class NamedFile:
    """A data file that YAML names.

    Attributes
    ----------
    location
        Where it is named, below the document's top-level key.
    written
        The path as written.
    columns
        Columns it must have, each with the location of the key that names it.
    any_of
        Columns of which it must have one.
    """

    location: Location
    written: str
    columns: tuple[tuple[str, Location], ...] = ()
    any_of: tuple[str, ...] = ()


def check_files(files: Iterator[NamedFile], place: Place, report: Report) -> dict[str, Path]:
    """Resolve the files; note what is missing. Returns path as written to the file found."""
    found: dict[str, Path] = {}
    for named in files:
        try:
            path = place.resolve(named.written, report.document.path)
            header = _header(path)
        except (ValueError, OSError, EOFError) as error:
            report.error(named.location, str(error))
            continue
        found[named.written] = path
        for column, location in named.columns:
            if column not in header:
                report.error(
                    location,
                    f"{named.written} has no column {column!r}{did_you_mean(column, header)}; "
                    f"it has {listed(header)}",
                )
        if named.any_of and not set(named.any_of) & set(header):
            report.error(
                named.location,
                f"{named.written} has no column {' or '.join(named.any_of)}; it has "
                f"{listed(header)}; name the column in observed_location_column",
            )
    return found


def _header(path: Path) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        try:
            header = next(csv.reader(file), None)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path} is not a CSV file: {error}") from None
    if not header:
        raise ValueError(f"{path} is empty; expected a CSV file with a header")
    return header


def model_files(model: Model) -> Iterator[NamedFile]:
    """Yield the files of the model section."""
    section = model.vaccination
    if section is None:
        return
    if section.scenario_data_path is not None:
        place: Location = ("vaccination", "scenario_data_path")
        needed = ("Geography", "Age", "Population", "Week_Ending_Sat")
        columns = tuple((column, place) for column in needed)
        yield NamedFile(place, section.scenario_data_path, columns)
    if section.preprocessed_vaccination_data_path is not None:
        place = ("vaccination", "preprocessed_vaccination_data_path")
        needed = ("dates", "location", *model.population.age_groups)
        columns = tuple((column, place) for column in needed)
        yield NamedFile(place, section.preprocessed_vaccination_data_path, columns)


def modelset_files(modelset: Modelset) -> Iterator[NamedFile]:
    """Yield the files of the modelset section."""
    section = modelset.calibration
    if section is None:
        return
    here: Location = ("calibration", "observed_data_path")
    columns: list[tuple[str, Location]] = []
    for position, comparison in enumerate(section.comparison):
        for key in ("observed_value_column", "observed_date_column"):
            where = ("calibration", "comparison", position, key)
            columns.append((getattr(comparison, key), where))
    named = section.observed_location_column
    if named is not None:
        columns.append((named, ("calibration", "observed_location_column")))
    any_of = () if named is not None else LOCATION_COLUMNS
    yield NamedFile(here, section.observed_data_path, tuple(columns), any_of)


def output_files(output: Output) -> Iterator[NamedFile]:
    """Yield the files of the output section."""
    hub = output.flusight_format
    if hub is None or hub.rate_trends is None:
        return
    here: Location = ("flusight_format", "rate_trends")
    keys = ["observed_value_column", "observed_date_column"]
    named = hub.rate_trends.observed_location_column
    if named is not None:
        keys.append("observed_location_column")
    columns = tuple((getattr(hub.rate_trends, key), (*here, key)) for key in keys)
    any_of = () if named is not None else LOCATION_COLUMNS
    path = hub.rate_trends.observed_data_path
    yield NamedFile((*here, "observed_data_path"), path, columns, any_of)


def check_functions(modelset: Modelset, place: Place, report: Report) -> None:
    """Note custom distributions that no module of the experiment's ``functions/`` defines."""
    for location, name in _custom(modelset):
        folder = place.folder / "functions"
        defined = set().union(*(defined(path) for path in sorted(folder.glob("*.py"))))
        if name not in defined:
            report.error(
                location,
                f"no function {name!r} in {folder}{did_you_mean(name, defined)}; expected a "
                "module there that defines it",
            )


def _custom(modelset: Modelset) -> Iterator[tuple[Location, str]]:
    if (sampling := modelset.sampling) is not None:
        for name, sampled in sampling.parameters.items():
            if isinstance(sampled.distribution, CustomDistribution):
                yield ("sampling", "parameters", name, "distribution"), sampled.distribution.name
        start = sampling.start_date
        if start is not None and isinstance(start.distribution, CustomDistribution):
            yield ("sampling", "start_date", "distribution"), start.distribution.name
    if (calibration := modelset.calibration) is not None:
        for kind in ("parameters", "compartments"):
            for name, given in getattr(calibration, kind).items():
                if isinstance(given.prior, CustomDistribution):
                    yield ("calibration", kind, name, "prior"), given.prior.name
        first = calibration.start_date
        if first is not None and isinstance(first.prior, CustomDistribution):
            yield ("calibration", "start_date", "prior"), first.prior.name
