"""Write a new experiment from a template, with populations to run it offline."""

import glob
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.experiment.reading.experiment_files import (
    NAME_FORM,
    exp_id_of,
    is_exp_id,
    is_experiment,
    locate,
)
from epyflow.run.layout import check_name
from epyflow.run.settings import POPULATION_FOLDERS
from epyflow.strict import shown

Template = Literal["sir", "seir", "flu", "covid", "rsv", "measles"]

_FOLDER = Path(__file__).with_name("templates")
_COMMON = _FOLDER / "common"
"""Files of templates that have none of their own."""

_POPULATIONS = Path("config/common-data/populations")
"""The populations of the example, below the project's folder."""


@dataclass(frozen=True)
class NewExperiment:
    """A written experiment.

    Attributes
    ----------
    files
        The written files, in order.
    has_populations
        Whether its populations are on this machine.
    """

    files: tuple[Path, ...]
    has_populations: bool


def write_experiment(folder: Path, template: Template, project: Path | None) -> NewExperiment:
    """Write an experiment into a new folder.

    Its root is the folder above ``experiments`` in its path, else the folder itself. The project's
    populations are copied into a root that has none.

    Parameters
    ----------
    folder
        The experiment's folder, which must be new or empty. Its name is the experiment's.
    template
        Its name.
    project
        The project's folder, for its populations; None if there is none.

    Raises
    ------
    EpyflowError
        If the name cannot be an experiment's, or the folder has content.
    OSError
        If a file cannot be written.
    """
    name = folder.absolute().name
    if not is_exp_id(name):
        raise EpyflowError(f"{shown(name)} cannot name an experiment; expected {NAME_FORM}")
    check_name(exp_id_of(folder))
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise EpyflowError(f"{folder}: exists; expected the name of a new folder")
    config = folder / "config"
    config.mkdir(parents=True)
    files = {each.name: each for home in (_COMMON, _FOLDER / template) for each in home.iterdir()}
    written = [_copy(files[name], config) for name in sorted(files)]
    root = locate(folder).root
    if any((root / each).exists() for each in POPULATION_FOLDERS):
        return NewExperiment(tuple(written), has_populations=True)
    if project is None or not (project / _POPULATIONS).is_dir():
        return NewExperiment(tuple(written), has_populations=False)
    inside = root == folder.absolute()
    data = (folder if inside else root) / POPULATION_FOLDERS[0 if inside else 1]
    data.mkdir(parents=True)
    written += [_copy(each, data) for each in sorted((project / _POPULATIONS).iterdir())]
    return NewExperiment(tuple(written), has_populations=True)


def same_id(folder: Path) -> list[Path]:
    """Return other experiments with the id of one, in the working directory or a folder of it."""
    mine, here = locate(folder), Path.cwd()
    name = glob.escape(mine.exp_id)
    patterns = (name, f"*/{name}", f"*/experiments/{name}")
    found = {path for each in patterns for path in here.glob(each) if is_experiment(path)}
    return sorted(
        path
        for path in found
        if locate(path).exp_id == mine.exp_id and not path.samefile(mine.folder)
    )


def _copy(file: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(file, folder / file.name))
