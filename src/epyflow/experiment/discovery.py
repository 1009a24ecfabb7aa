"""Find an experiment's files and the files that they name."""

import os
from dataclasses import dataclass
from pathlib import Path

from epyflow.errors import UnreadableError
from epyflow.experiment.problems import Problem
from epyflow.experiment.source import Document, SourceError, read
from epyflow.nearest import did_you_mean

ROLES = ("model", "modelset", "output")


@dataclass(frozen=True)
class Place:
    """Where an experiment is.

    Attributes
    ----------
    exp_id
        Its name in results; its path below ``experiments/`` where there is one.
    folder
        The experiment's folder.
    config
        The folder of its YAML files.
    root
        The folder that holds ``experiments/`` and ``common-data/``; paths may not leave it.
    allowed
        Other folders that paths may lead into.
    """

    exp_id: str
    folder: Path
    config: Path
    root: Path
    allowed: tuple[Path, ...] = ()

    def resolve(self, written: str, beside: Path) -> Path:
        """Find the file that YAML names: beside the YAML, in the experiment, in the root.

        Raises
        ------
        ValueError
            If it is not there, or leads out of the root; the message says where it was looked for.
        """
        tried = list(
            dict.fromkeys(base / written for base in (beside.parent, self.folder, self.root))
        )
        for candidate in tried:
            if not candidate.exists():
                continue
            real = candidate.resolve()
            if not any(real.is_relative_to(base.resolve()) for base in (self.root, *self.allowed)):
                raise ValueError(
                    f"{written!r} leads to {real}, outside the experiments' root {self.root}; "
                    "move the file below the root or add its folder to allowed_data_roots"
                )
            if not real.is_file():
                raise ValueError(f"{written!r} is not a file but {real} is a folder")
            return real
        raise ValueError(
            f"no file {written!r}; looked for {', '.join(str(path) for path in tried)}"
        )


def locate(
    experiment: str | Path, root: Path | None = None, allowed: tuple[Path, ...] = ()
) -> Place:
    """Find an experiment by its id below ``root/experiments``, or by its path.

    Raises
    ------
    UnreadableError
        If there is no such folder or it holds no YAML; experiments that exist are offered.
    """
    path = Path(experiment)
    below = root / "experiments" / path if root is not None and not path.is_absolute() else path
    folder = below if below.is_dir() else path
    if path.is_file() and path.suffix in (".yaml", ".yml"):
        folder = path.parent
    if not folder.is_dir():
        raise UnreadableError(_no_such_experiment(str(experiment), root))
    folder = _plain(folder)
    config = folder / "config" if (folder / "config").is_dir() else folder
    if config == folder and folder.name == "config":
        folder = folder.parent
    if not _yaml_files(config):
        raise UnreadableError(
            f"{config}: no .yaml or .yml file; expected a basemodel file with the key 'model'"
        )
    home = _plain(root) if root is not None else _root_above(folder)
    return Place(_exp_id(folder, home), folder, config, home, allowed)


def _plain(path: Path) -> Path:
    """Make a path absolute and free of ``..``; links stay."""
    return Path(os.path.normpath(path.absolute()))


def _no_such_experiment(experiment: str, root: Path | None) -> str:
    if root is None:
        return f"{experiment}: no such folder; expected an experiment's folder"
    base = root / "experiments"
    known = (
        sorted({str(c.parent.relative_to(base)) for c in base.rglob("config") if c.is_dir()})
        if base.is_dir()
        else []
    )
    there = f"; there are {', '.join(known[:12])}" if known else f"; {base} has no experiments"
    return f"experiment {experiment!r} is not below {base}{did_you_mean(experiment, known)}{there}"


def _root_above(folder: Path) -> Path:
    for parent in folder.parents:
        if parent.name == "experiments":
            return parent.parent
    return folder


def _exp_id(folder: Path, root: Path) -> str:
    try:
        return folder.resolve().relative_to((root / "experiments").resolve()).as_posix()
    except ValueError:
        return folder.name


def _yaml_files(config: Path) -> list[Path]:
    return sorted(p for p in config.iterdir() if p.suffix in (".yaml", ".yml") and p.is_file())


def read_documents(place: Place) -> tuple[dict[str, list[Document]], list[Problem]]:
    """Read every YAML file of an experiment and sort them by their top-level key.

    Returns
    -------
    documents
        Role (``model``, ``modelset``, ``output``) to the files that claim it.
    problems
        Unreadable files, unknown top-level keys, two files for one role, no basemodel.
    """
    documents: dict[str, list[Document]] = {role: [] for role in ROLES}
    problems: list[Problem] = []
    for path in _yaml_files(place.config):
        try:
            document = read(path)
        except SourceError as error:
            problems.append(Problem(path, error.line, "", str(error)))
            continue
        role, problem = _role(document)
        if role:
            documents[role].append(document)
        if problem:
            problems.append(problem)
    problems += _doubles(documents)
    if not documents["model"] and not problems:
        problems.append(
            Problem(place.config, 1, "", "no file with the key 'model'; expected a basemodel file")
        )
    return documents, problems


def _role(document: Document) -> tuple[str | None, Problem | None]:
    keys = list(document.data)
    known = [key for key in keys if key in ROLES]
    if len(keys) == 1 and known:
        return known[0], None
    other = next((key for key in keys if key not in ROLES), keys[-1])
    message = (
        f"unknown top-level key {other!r}{did_you_mean(other, ROLES)}"
        if other not in ROLES
        else f"the keys {' and '.join(known)} stand in one file"
    )
    expected = "expected one of model, modelset and output, alone in its file"
    line = document.line((other,))
    role = known[0] if len(known) == 1 else None
    return role, Problem(document.path, line, other, f"{message}; {expected}")


def _doubles(documents: dict[str, list[Document]]) -> list[Problem]:
    problems = []
    for role in ("model", "modelset"):
        if len(documents[role]) > 1:
            first, second = documents[role][:2]
            message = (
                f"both {first.path.name} and {second.path.name} hold the key {role!r}; "
                "expected one file for it: move the other out of the folder"
            )
            problems.append(Problem(second.path, second.line((role,)), role, message))
    return problems
