"""Read an experiment's YAML files and tell them apart by their top-level key."""

from collections.abc import Sequence
from pathlib import Path

from epyflow.errors import SourceError
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output
from epyflow.experiment.reading.experiment_files import (
    NAME_FORM,
    ExperimentFiles,
    is_exp_id,
    yaml_files,
)
from epyflow.experiment.reading.problems import Problem
from epyflow.experiment.reading.yaml_source import Document, read
from epyflow.files import LEADS_OUT, is_below
from epyflow.strict import Strict, shown
from epyflow.suggest import did_you_mean

SECTIONS: dict[str, type[Strict]] = {"model": Model, "modelset": Modelset, "output": Output}
"""The top-level key of each kind of file, and what it holds."""

ROLES = tuple(SECTIONS)

UNREAD = ("aggregation", "plot", "post_aggregation", "submission")
"""Top-level keys of epymodelingsuite's files for work on finished runs."""

_LONGEST_ID = 500
"""Characters of an experiment's id, which may be nested: paths of files in a bucket have 1,024."""


def read_documents(files: ExperimentFiles) -> tuple[dict[str, list[Document]], list[Problem]]:
    """Read every YAML file of an experiment and sort them by their top-level key.

    Returns
    -------
    documents
        Role (``model``, ``modelset``, ``output``) to the files with that key.
    problems
        Unreadable files, unknown top-level keys, two files for one role, no basemodel.
    """
    documents: dict[str, list[Document]] = {role: [] for role in ROLES}
    problems: list[Problem] = []
    for path in yaml_files(files.config):
        if (problem := _link_problem(path, files)) is not None:
            problems.append(problem)
            continue
        try:
            document = read(path)
        except SourceError as error:
            problems.append(Problem(path, error.line, "", str(error), column=error.column))
            continue
        role, problem = _role(document)
        if role:
            documents[role].append(document)
        if problem:
            problems.append(problem)
    problems += _role_conflicts(documents)
    if not documents["model"] and not any(each.severity == "error" for each in problems):
        problems.append(
            Problem(files.config, 1, "", "no file with the key 'model'; expected a basemodel file")
        )
    return documents, problems


def _link_problem(path: Path, files: ExperimentFiles) -> Problem | None:
    """Return a problem if a file of the experiment's folder lies elsewhere."""
    # A folder below the root may be a link, too; one that was named by its path may be elsewhere.
    own = () if files.folder.is_relative_to(files.root) else (files.folder,)
    inside = is_below(path, (files.root, *files.allowed, *own))
    return None if inside else Problem(path, 1, "", LEADS_OUT)


def function_problems(files: ExperimentFiles) -> list[Problem]:
    """Return a problem for each file of ``functions/`` that lies elsewhere: it would be packed."""
    paths = sorted((files.folder / "functions").rglob("*"))
    return [found for path in paths if (found := _link_problem(path, files)) is not None]


def _role(document: Document) -> tuple[str | None, Problem | None]:
    keys = list(document.data)
    known = [key for key in keys if key in ROLES]
    if len(keys) == 1 and known:
        return known[0], None
    if len(keys) == 1 and keys[0] in UNREAD:
        message = "this file of epymodelingsuite is not read; it is no part of a run"
        return None, Problem(document.path, document.line((keys[0],)), keys[0], message, "warning")
    if not keys:
        message = "has no keys; expected one of model, modelset and output"
        return None, Problem(document.path, 1, "", message)
    other = next((key for key in keys if key not in ROLES), keys[-1])
    message = (
        f"unknown top-level key {other!r}{did_you_mean(other, ROLES)}"
        if other not in ROLES
        else f"the keys {' and '.join(known)} are in one file"
    )
    expected = "expected one of model, modelset and output, alone in its file"
    homes = [role for role, section in SECTIONS.items() if other in section.model_fields]
    if other not in ROLES and homes:
        below = [role for role in homes if role in known] or homes
        expected = f"indent it below {' or '.join(f'{role}:' for role in below)}"
    line = document.line((other,))
    role = known[0] if len(known) == 1 else None
    return role, Problem(document.path, line, other, f"{message}; {expected}")


def _role_conflicts(documents: dict[str, list[Document]]) -> list[Problem]:
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


def choose_output(
    documents: Sequence[Document],
    chosen: str | None,
    files: ExperimentFiles,
    problems: list[Problem],
) -> Document | None:
    """Return the output file of a run: the one chosen, the only one, or ``output.yaml``.

    Parameters
    ----------
    documents
        Those that hold the key ``output``.
    chosen
        File name, with or without suffix; None if there was no choice.
    files
        The files of the experiment.
    problems
        A problem is added if the choice is missing or wrong.
    """
    names = [document.path.name for document in documents]
    matching = [doc for doc in documents if (chosen or "output") in (doc.path.name, doc.path.stem)]
    if len(matching) == 1:
        return matching[0]
    if chosen is None and len(documents) < 2:
        return next(iter(documents), None)
    there = f"expected one of {', '.join(names)}" if names else "there is no output file"
    if chosen is None:
        message = f"several output files and no output_config; {there}"
    else:
        found = "is not there" if not matching else "may be one of two files"
        message = f"output_config {chosen!r} {found}{did_you_mean(chosen, names)}; {there}"
    problems.append(Problem(files.config, 1, "", message))
    return None


def exp_id_problem(files: ExperimentFiles) -> list[Problem]:
    """Return a problem if the experiment's folder has a name that its results cannot have."""
    if is_exp_id(files.exp_id) and len(files.exp_id) <= _LONGEST_ID:
        return []
    message = (
        f"the experiment's folder {shown(files.exp_id)} cannot name its results; expected "
        f"{NAME_FORM}, with those above it at most {_LONGEST_ID} characters"
    )
    return [Problem(files.folder, 1, "", message)]
