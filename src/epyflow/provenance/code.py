"""A hash per stage of the code that the stage runs.

Snakemake notices edits to a script, not to the package that the script imports. So each rule
carries the hash of the modules that its stage uses: editing a table reruns the tables and no
simulation. What a stage uses is read from the import statements; nothing is imported for it.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.suggest import listed

PACKAGE = Path(__file__).parents[1]

STAGES: Mapping[str, tuple[str, ...]] = {
    "build": ("epyflow.inputs.build",),
    "run": ("epyflow.strategies",),
    "tables": ("epyflow.tables",),
    "figures": ("epyflow.figures", "epyflow.report"),
    "observed": ("epyflow.data.observation_history",),
    "hub": (
        "epyflow.submission.make_rows",
        "epyflow.submission.write_brief",
        "epyflow.submission.publish",
    ),
    "scores": ("epyflow.submission.scores",),
}
"""The modules at which each stage enters the package."""

DEPENDENCIES: Mapping[str, tuple[str, ...]] = {
    "build": ("holidays", "numpy", "scipy"),
    "run": ("epydemix", "numba", "numpy", "scipy"),
    "tables": ("numpy", "pandas"),
    "figures": ("matplotlib", "scipy"),
    "observed": ("numpy",),
    "hub": ("numpy", "pandas", "pyarrow"),
    "scores": ("numpy", "pandas", "scoringrules"),
}
"""The packages whose release can change what each stage computes."""

OWN_PACKAGES = ("forecast_hub",)
"""Packages beside epyflow whose modules are followed, too."""

_NEVER_TRUE = ("TYPE_CHECKING", "typing.TYPE_CHECKING")

# Codebooks and the like, which are code as far as the numbers are concerned.
_DATA_SUFFIXES = (".csv", ".gz", ".json", ".toml", ".yaml", ".yml")


def code_version(stage: str, root: Path = PACKAGE) -> str:
    """Hash what ``stage`` runs: its modules, their data files, the versions it depends on.

    Parameters
    ----------
    stage
        A key of :data:`STAGES`.
    root
        The folder of the package ``epyflow``.

    Returns
    -------
    str
        12 hexadecimal digits; the same on every machine with the same code and packages.

    Raises
    ------
    ValueError
        If there is no such stage.
    EpyflowError
        If a module that the stage uses is not in the package.
    """
    digest = hashlib.sha256()
    for module in stage_modules(stage, root):
        path = _path_of(module, root)
        # As text, so that a checkout with other line ends is the same code.
        digest.update(_framed(module, path.read_text(encoding="utf-8").encode()))
        if path.name == "__init__.py":
            for data in sorted(_data_files(path.parent)):
                name = data.relative_to(_folder_of(module, root)).as_posix()
                digest.update(_framed(name, data.read_bytes()))
    for package in DEPENDENCIES[stage]:
        digest.update(_framed(package, version(package).encode()))
    return digest.hexdigest()[:12]


def check_code(stage: str, planned: str, what: str) -> None:
    """Refuse to go on if the code here is not that of the run's plan.

    Parameters
    ----------
    stage
        A key of :data:`STAGES`.
    planned
        The stage's :func:`code_version` in the process that started the run.
    what
        What was planned, for the message.

    Raises
    ------
    EpyflowError
        Naming both versions.
    """
    here = code_version(stage)
    if planned != here:
        raise EpyflowError(
            f"{what}: planned by code version {planned}, but this worker has {here}; rebuild "
            "the worker's image (or update its installation) from the code that started the run"
        )


def stage_modules(stage: str, root: Path = PACKAGE) -> tuple[str, ...]:
    """Name the modules that ``stage`` uses, sorted.

    They are those that its entry modules import, directly or through others, at the top of a
    file or inside a function. Importing ``a.b`` runs ``a/__init__.py``, so that counts. Imports
    under ``if TYPE_CHECKING:`` do not run and do not count. Imports by a computed name cannot
    be seen: a registry must import what it lists.

    Raises
    ------
    ValueError
        If there is no such stage.
    EpyflowError
        If a module that the stage uses is not in the package.
    """
    if stage not in STAGES:
        raise ValueError(f"there is no stage {stage!r}; the stages are {listed(STAGES)}")
    found: set[str] = set()
    pending = [(entry, f"stage {stage!r}") for entry in STAGES[stage]]
    while pending:
        module, needed_by = pending.pop()
        if module in found:
            continue
        found.add(module)
        if not _path_of(module, root).is_file():
            raise EpyflowError(
                f"{needed_by} needs {module}, which is not in {root}; "
                "this copy of epyflow is not complete: install it again"
            )
        pending += [(name, module) for name in _needs(module, root)]
    return tuple(sorted(found))


def _folder_of(module: str, root: Path) -> Path:
    """Return the folder of a module's package: beside ``root``, or where it is installed."""
    folder = root.with_name(module.partition(".")[0])
    return folder if folder.is_dir() else _installed(folder.name)


@cache
def _installed(package: str) -> Path:
    spec = find_spec(package)  # which imports nothing
    if spec is None or spec.origin is None:
        raise EpyflowError(f"{package} is not installed; install epyflow again")
    return Path(spec.origin).parent


def _path_of(module: str, root: Path) -> Path:
    """Return the file of a module or package; of a module that is not there, where it would be."""
    base = _folder_of(module, root).parent.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def _needs(module: str, root: Path) -> Iterator[str]:
    path = _path_of(module, root)
    parent = module.rpartition(".")[0]
    if parent:
        yield parent
    package = module if path.name == "__init__.py" else parent
    for target, names in _imports(path.read_text(encoding="utf-8"), package):
        if target.partition(".")[0] not in (root.name, *OWN_PACKAGES):
            continue
        yield target
        for name in names:
            if _path_of(f"{target}.{name}", root).is_file():
                yield f"{target}.{name}"


@cache
def _imports(source: str, package: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """List (module, names taken from it) for every import statement that can run."""
    found: list[tuple[str, tuple[str, ...]]] = []
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # One dot is the package, each further dot its parent.
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join(above) if node.level else ""
            target = ".".join(part for part in (base, node.module) if part)
            found.append((target, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.If) and ast.unparse(node.test) in _NEVER_TRUE:
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)
    return tuple(found)


def _data_files(folder: Path) -> Iterator[Path]:
    """List the data files of a package: in its folder and in folders below that hold no code."""
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir() and not (path / "__init__.py").exists():
            yield from _data_files(path)
        elif path.suffix in _DATA_SUFFIXES:
            yield path


def _framed(name: str, content: bytes) -> bytes:
    return f"{name}\0{len(content)}\0".encode() + content
