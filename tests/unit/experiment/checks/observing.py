"""Experiments with observations of their own, for the tests of the checks of these."""

from copy import deepcopy

from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections

SATURDAYS = ("2024-10-05", "2024-10-12", "2024-10-19")
STATES = ("US-MA", "US-NY", "US-CA")
ROUND = {"reference_date": "2025-01-18"}
FLUSIGHT = {"flusight_format": ROUND}


def problems(
    root, rows, head="date,place,value", frequency="W-SAT", places=("US-MA",), output=None, **given
):
    """Return the messages of the observed data, those of Massachusetts unless others are given."""
    if not (root / "common-data").is_dir():
        write_data(root)
    (root / "common-data" / "admissions.csv").write_text("\n".join([head, *rows]) + "\n")
    sections = deepcopy(CALIBRATION)
    sections["modelset"]["population_names"] = [*places]
    sections["modelset"].pop("exclude")
    sections["modelset"]["calibration"] |= given
    sections["output"] = output or {"quantiles": {"compartments": True}}
    sections["model"]["simulation"] = {} if frequency is None else {"resample_frequency": frequency}
    _, found = inspect(locate(write_sections(root, sections)))
    return [f"{each.key}: {each.message}" for each in found if "observed_" in each.key]


def weeks(days=SATURDAYS, place="MA", **more):
    return [",".join((day, place, "1", *more.values())) for day in days]
