"""Hash the code that each stage of a run uses.

Snakemake notices edits to a script, not to the package that the script imports. So each rule has
the hash of the modules that its stage uses: editing a table reruns the tables and no simulation.
The modules of a stage are found by their import statements; nothing is imported.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.stages import STAGES
from epyflow.suggest import listed

PACKAGE = Path(__file__).parents[1]

OWN_PACKAGES = ("forecast_hub",)
"""Packages besides epyflow whose modules are hashed too."""

# The fields of a statement that hold statements.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

# Codebooks and similar files change numbers as code does.
_DATA_SUFFIXES = (".csv", ".gz", ".json", ".toml", ".yaml", ".yml")


def code_version(stage: str, root: Path = PACKAGE) -> str:
    """Hash the code of a stage: its modules, their data files, the versions of its dependencies.

    Parameters
    ----------
    stage
        A key of :data:`epyflow.stages.STAGES`.
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
    return _version(stage, _Modules(root))


def code_versions(root: Path = PACKAGE) -> dict[str, str]:
    """Hash the code of each stage of :data:`epyflow.stages.STAGES`; each module is read once."""
    modules = _Modules(root)
    return {stage: _version(stage, modules) for stage in STAGES}


def check_code(stage: str, planned: str, what: str) -> None:
    """Raise an error if the code here is not that of the run's plan.

    Parameters
    ----------
    stage
        A key of :data:`epyflow.stages.STAGES`.
    planned
        The stage's :func:`code_version` in the process that started the run.
    what
        The planned file, for the message.

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
    return _stage_modules(stage, _Modules(root))


class _Modules:
    """The modules of a package, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, Path | None] = {}
        self._sources: dict[str, str] = {}
        self._needed: dict[str, tuple[str, ...]] = {}

    def file(self, module: str) -> Path | None:
        """Return the file of a module or package; None if there is no such module."""
        if module not in self._files:
            base = _folder_of(module, self.root).parent.joinpath(*module.split("."))
            candidates = (base / "__init__.py", base.with_suffix(".py"))
            self._files[module] = next((path for path in candidates if path.is_file()), None)
        return self._files[module]

    def source(self, module: str) -> str:
        """Return the text of a module's file."""
        if module not in self._sources:
            path = self.file(module)
            self._sources[module] = "" if path is None else path.read_text(encoding="utf-8")
        return self._sources[module]

    def needs(self, module: str) -> tuple[str, ...]:
        """Name the modules of the package that a module imports, its parent included."""
        if module not in self._needed:
            self._needed[module] = tuple(self._imported(module))
        return self._needed[module]

    def _imported(self, module: str) -> Iterator[str]:
        path = self.file(module)
        parent = module.rpartition(".")[0]
        if parent:
            yield parent
        package = module if path is not None and path.name == "__init__.py" else parent
        for target, names in _imports(self.source(module), package):
            if target.partition(".")[0] not in (self.root.name, *OWN_PACKAGES):
                continue
            yield target
            for name in names:
                if self.file(f"{target}.{name}") is not None:
                    yield f"{target}.{name}"


def _version(stage: str, modules: _Modules) -> str:
    digest = hashlib.sha256()
    for module in _stage_modules(stage, modules):
        path = modules.file(module)
        # As text, so that a checkout with other line ends is the same code.
        digest.update(_framed(module, modules.source(module).encode()))
        if path is not None and path.name == "__init__.py":
            for data in sorted(_data_files(path.parent)):
                name = data.relative_to(_folder_of(module, modules.root)).as_posix()
                digest.update(_framed(name, data.read_bytes()))
    for package in STAGES[stage].packages:
        digest.update(_framed(package, version(package).encode()))
    return digest.hexdigest()[:12]


def _stage_modules(stage: str, modules: _Modules) -> tuple[str, ...]:
    if stage not in STAGES:
        raise ValueError(f"there is no stage {stage!r}; the stages are {listed(STAGES)}")
    found: set[str] = set()
    pending = [(entry, f"stage {stage!r}") for entry in STAGES[stage].modules]
    while pending:
        module, needed_by = pending.pop()
        if module in found:
            continue
        found.add(module)
        if modules.file(module) is None:
            raise EpyflowError(
                f"{needed_by} needs {module}, which is not in {modules.root}; "
                "this copy of epyflow is not complete: install it again"
            )
        pending += [(name, module) for name in modules.needs(module)]
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


@cache
def _imports(source: str, package: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """List (module, names taken from it) for every import statement that can run."""
    found: list[tuple[str, tuple[str, ...]]] = []
    pending: list[ast.AST] = [_parsed_to_last_import(source)]
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
        elif isinstance(node, ast.If) and _is_never_true(node.test):
            pending += node.orelse
        else:
            # Expressions, which most nodes are, hold no import.
            for block in _BLOCKS:
                pending += getattr(node, block, ())
    return tuple(found)


def _parsed_to_last_import(source: str) -> ast.Module:
    """Parse a module up to its last import: to parse all that follows takes far longer.

    Every import statement has the word. A source that is cut in the middle of a statement, or of
    the text of a docstring, is no Python, and is parsed whole.
    """
    source += "\n"
    last = max((word.end() for word in re.finditer(r"\bimport\b", source)), default=0)
    end = source.index("\n", last)
    if "(" in source[last:end]:
        end = source.find("\n", source.find(")", end))
    try:
        return ast.parse(source[:end])
    except SyntaxError:
        return ast.parse(source)


def _is_never_true(test: ast.expr) -> bool:
    """Return whether it is ``TYPE_CHECKING`` or ``typing.TYPE_CHECKING``."""
    if isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name):
        return (test.value.id, test.attr) == ("typing", "TYPE_CHECKING")
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


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
