"""Hold a valid experiment, as it was loaded.

The stages compute with these values. This module imports nothing of how they are read and
checked, so that an edit there is no edit of a stage.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset, Sampling
from epyflow.experiment.format.output import Output
from epyflow.population.locations import Location

if TYPE_CHECKING:
    from epyflow.experiment.reading.experiment_files import ExperimentFiles
    from epyflow.experiment.reading.problems import Problem


@dataclass(frozen=True)
class Experiment:
    """A valid experiment.

    Attributes
    ----------
    files
        Where its files are.
    model, modelset, output
        Its sections; the output is the one chosen for the run.
    populations
        Its populations, each once, in the order of the modelset.
    sources
        The YAML files in use.
    data
        Data file as written in YAML to the file found.
    warnings
        Values that are allowed but are probably mistakes.
    dates
        Key path of each relative date to its text in YAML and its day.
    """

    files: "ExperimentFiles"
    model: Model
    modelset: Modelset | None
    output: Output
    populations: tuple[Location, ...]
    sources: tuple[Path, ...]
    data: dict[str, Path]
    warnings: "tuple[Problem, ...]" = ()
    dates: Mapping[str, tuple[str, date]] = field(default_factory=dict)

    @property
    def sampling(self) -> Sampling | None:
        """The modelset's section of sampling, if it has one."""
        return self.modelset.sampling if self.modelset else None

    @property
    def calibration(self) -> Calibration | None:
        """The modelset's section of calibration, if it has one."""
        return self.modelset.calibration if self.modelset else None

    def with_written_paths(self, message: str, folders: Mapping[str, Path]) -> str:
        """Name files in a message as the YAML does: a bundle is unpacked elsewhere.

        Parameters
        ----------
        message
            Of a failure.
        folders
            Other folders, by the names that take their place.
        """
        names = {f"{folder}/": "" for folder in (self.files.folder, self.files.root)}
        names |= {str(path): written for written, path in self.data.items()}
        names |= {str(folder): name for name, folder in folders.items()}
        for path in sorted(names, key=len, reverse=True):
            message = message.replace(path, names[path])
        return message


def canonical_json(section: BaseModel | None) -> str:
    """Write a section as JSON whose text depends on its values alone."""
    if section is None:
        return "null"
    return json.dumps(section.model_dump(mode="json"), separators=(",", ":"), allow_nan=False)
