"""Find the folder of an experiment, and the data files that its YAML names."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from epyflow.errors import UnreadableError
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.files import LONGEST_NAME, is_below
from epyflow.suggest import did_you_mean, listed

SUFFIXES = (".yaml", ".yml")

_NAME = rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}"
_EXP_ID = re.compile(rf"{_NAME}(/{_NAME})*")

NAME_FORM = (
    f"at most {LONGEST_NAME} letters, digits, '.', '_' and '-', beginning with a letter or digit"
)
"""The names of runs and of folders of experiments, for messages."""


@dataclass(frozen=True)
class ExperimentFiles:
    """The folders of an experiment.

    Attributes
    ----------
    exp_id
        Its name in results: its path below ``experiments/`` if it is below one.
    folder
        The experiment's folder.
    config
        The folder of its YAML files.
    root
        The folder that holds ``experiments/`` and ``common-data/``; paths may not leave it.
    allowed
        Other folders that paths may lead into.
    bundled
        In an unpacked bundle: path as written in YAML to the file in the bundle.
    replacements
        Key path, which begins with the top-level key, to the value that replaces the one in YAML.
    today, last_observation
        What these words stand for in relative dates; None where nothing says it.
    """

    exp_id: str
    folder: Path
    config: Path
    root: Path
    allowed: tuple[Path, ...] = ()
    bundled: Mapping[str, Path] = field(default_factory=dict, hash=False)
    replacements: Mapping[KeyPath, Any] = field(default_factory=dict, hash=False)
    today: date | None = None
    last_observation: date | None = None

    def resolve(self, written: str, beside: Path, *, folder: bool = False) -> Path:
        """Find the file that YAML names: beside the YAML, in the experiment, in the root.

        Parameters
        ----------
        written
            As in YAML.
        beside
            The YAML file.
        folder
            Whether it may be a folder, too.

        Raises
        ------
        ValueError
            If it does not exist, or leads out of the root; the message lists the paths tried.
        """
        if written in self.bundled:
            return self._inside(
                Path(os.path.realpath(self.bundled[written])), written, folder=folder
            )
        bases = dict.fromkeys((beside.parent, self.folder, self.root))
        tried = list(dict.fromkeys(base / written for base in bases))
        for candidate in tried:
            try:
                if candidate.exists():
                    return self._inside(candidate.resolve(), written, folder=folder)
            except OSError as error:
                raise ValueError(f"{written!r} cannot be read: {error.strerror}") from None
        places = ", ".join(str(path) for path in tried)
        raise ValueError(f"no file {written!r}; expected one of {places}")

    def holds(self, path: Path) -> bool:
        """Return whether a path, its links followed, lies below the root or an allowed folder."""
        return is_below(path, (self.root, *self.allowed))

    def _inside(self, real: Path, written: str, *, folder: bool) -> Path:
        if not self.holds(real):
            raise ValueError(
                f"{written!r} leads to {real}, outside the experiments' root {self.root}; expected "
                "a file below the root, or its folder among allowed_data_roots"
            )
        if not real.is_file() and not (folder and real.is_dir()):
            raise ValueError(f"{written!r} leads to {real}, which is not a file; expected a file")
        return real


def locate(
    experiment: str | Path, root: Path | None = None, allowed: tuple[Path, ...] = ()
) -> ExperimentFiles:
    """Find an experiment by its id below ``root/experiments``, or by its path.

    Parameters
    ----------
    experiment
        Id, or path to the experiment's folder, to its ``config/`` or to one of its YAML files.
    root
        The folder that holds ``experiments/``. None: the one above the folder ``experiments`` on
        the path; without such a folder, the experiment's own.
    allowed
        Other folders that paths in YAML may lead into.

    Raises
    ------
    UnreadableError
        If there is no such folder, it cannot be read or it holds no YAML; experiments that exist
        are offered.
    """
    try:
        folder = _folder(Path(experiment), root)
        config = folder / "config" if (folder / "config").is_dir() else folder
        if config == folder and folder.name == "config":
            folder = folder.parent
        if not yaml_files(config):
            above = _experiment_above(folder)
            raise UnreadableError(
                f"{config}: no .yaml or .yml file; expected a basemodel file with the key 'model'"
                f"{f', or the folder{above}' if above else _experiments_below(folder)}"
            )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UnreadableError(f"{experiment}: cannot be read: {why}") from None
    home = _plain(root) if root is not None else _root_above(folder)
    return ExperimentFiles(_exp_id(folder, home), folder, config, home, allowed)


def _folder(path: Path, root: Path | None) -> Path:
    below = root / "experiments" / path if root is not None and not path.is_absolute() else path
    for folder in (below, path):
        if folder.is_dir():
            return _plain(folder)
    if path.is_file():
        if path.suffix in SUFFIXES:
            return _plain(path.parent)
        above = _experiment_above(path)
        raise UnreadableError(f"{path}: not a YAML file; expected an experiment's folder{above}")
    if path.is_symlink():
        raise UnreadableError(f"{path}: a link to a folder that does not exist; expected a folder")
    for missing in dict.fromkeys((path, below)):
        if above := _experiment_above(missing):
            raise UnreadableError(
                f"{missing}: no such {_kind(missing)}; expected an experiment's folder{above}"
            )
    raise UnreadableError(_no_such_experiment(path, root))


def _plain(path: Path) -> Path:
    """Make a path absolute and free of ``..``; links stay."""
    return Path(os.path.normpath(path.absolute()))


def _experiment_above(path: Path) -> str:
    """Return the end of a message: the folder of the experiment that a path leads into."""
    parts = path.parts
    if parts[:1] == ("results",) and len(parts) > 2:
        return f"; this names a run, of the experiment {'/'.join(parts[1:-1])}"
    above = next((each for each in path.parents if is_experiment(each)), None)
    return "" if above is None else f": {above}"


def _kind(path: Path) -> str:
    return "file" if path.suffix in SUFFIXES else "folder"


def is_experiment(folder: Path) -> bool:
    """Return whether a folder has the files of an experiment below its ``config/``."""
    try:
        return any("model" in file.name for file in yaml_files(folder / "config"))
    except OSError:
        return False


def _no_such_experiment(path: Path, root: Path | None) -> str:
    experiment = str(path)
    beside = [str(each) for each in _folders_beside(path) if is_experiment(each)]
    if root is None:
        near = did_you_mean(experiment, beside)
        new = "" if near or beside else ", which epyflow new writes"
        return f"{experiment}: no such {_kind(path)}{near}; expected an experiment's folder{new}"
    base = root / "experiments"
    known = _known(base)
    near = did_you_mean(experiment, [*known, *beside])
    there = f"there are {listed(known)}" if known else f"{base} has no experiments"
    return (
        f"experiment {experiment!r} is not below {base}{near}; {there}. Expected the id of one, "
        "the path of an experiment's folder, or another experiments_root (--root)"
    )


def _folders_beside(path: Path) -> list[Path]:
    try:
        return list(path.parent.iterdir())
    except OSError:
        return []


def _experiments_below(folder: Path) -> str:
    known = _known(folder)
    return f"; below it are the experiments {listed(known)}" if known else ""


def experiments_in(root: Path) -> list[str]:
    """Return the ids of the experiments below ``root/experiments``."""
    return _known(root / "experiments")


def _known(base: Path) -> list[str]:
    if not base.is_dir():
        return []
    try:
        configs = [config for config in base.glob("**/config") if config.is_dir()]
    except RecursionError:  # hundreds of folders in one another
        return []
    return sorted({config.parent.relative_to(base).as_posix() for config in configs})


def _root_above(folder: Path) -> Path:
    for parent in folder.parents:
        if parent.name == "experiments":
            return parent.parent
    return folder


def _exp_id(folder: Path, root: Path) -> str:
    base = root / "experiments"
    for path, above in ((folder.resolve(), base.resolve()), (folder, base)):
        if path.is_relative_to(above):
            return path.relative_to(above).as_posix()
    return folder.name


def exp_id_of(folder: Path) -> str:
    """Return the id of an experiment in a folder, which need not exist."""
    plain = _plain(folder)
    return _exp_id(plain, _root_above(plain))


def is_exp_id(text: str) -> bool:
    """Return whether a text can name folders of results; ``/`` separates nested ones."""
    return _EXP_ID.fullmatch(text) is not None


def yaml_files(config: Path) -> list[Path]:
    """Return the YAML files, also broken links and pipes, which are no files that can be read."""
    return sorted(
        path
        for path in config.iterdir()
        if path.suffix in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
    )
