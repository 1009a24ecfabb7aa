"""Check that the functions an experiment names are defined in its ``functions/`` folder."""

from collections.abc import Iterator

from epyflow.errors import DataError
from epyflow.experiment.format.distributions import CustomDistribution, Distribution
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.user_functions import defined
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.suggest import did_you_mean


def check_functions(modelset: Modelset, files: ExperimentFiles, report: Report) -> None:
    """Report functions that no module of ``functions/`` defines, or more than one."""
    named = list(_named(modelset))
    if not named:
        return
    folder = files.folder / "functions"
    modules: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.py")):
        try:
            for function in defined(path):
                modules.setdefault(function, []).append(path.name)
        except DataError as error:
            report.error(named[0][0], str(error))
    for location, name in named:
        holders = modules.get(name, [])
        if not holders:
            near = did_you_mean(name, modules)
            report.error(
                location, f"no module in {folder} defines {name!r}{near}; expected one that does"
            )
        elif len(holders) > 1:
            both = " and ".join(holders)
            report.error(
                location, f"{both} in {folder} define {name!r}; expected it in one of them"
            )


def _named(modelset: Modelset) -> Iterator[tuple[KeyPath, str]]:
    for location, distribution in _distributions(modelset):
        if isinstance(distribution, CustomDistribution):
            yield (*location, "name"), distribution.name


def _distributions(modelset: Modelset) -> Iterator[tuple[KeyPath, Distribution | None]]:
    if (sampling := modelset.sampling) is not None:
        for name, sampled in sampling.parameters.items():
            yield ("sampling", "parameters", name, "distribution"), sampled.distribution
        if sampling.start_date is not None:
            yield ("sampling", "start_date", sampling.start_date.key), sampling.start_date.law
    if (calibration := modelset.calibration) is not None:
        for name, given in calibration.parameters.items():
            yield ("calibration", "parameters", name, "prior"), given.prior
        for name, given in calibration.compartments.items():
            yield ("calibration", "compartments", name, "prior"), given.prior
        if calibration.start_date is not None:
            start = calibration.start_date
            yield ("calibration", "start_date", start.key), start.law
