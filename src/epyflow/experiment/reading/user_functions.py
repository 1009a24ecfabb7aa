"""Find and call functions of the user: Python modules in an experiment's ``functions/`` folder.

They run only where inputs are built: on the machine that starts the run or, with
``build: remote``, in the job that builds them.
"""

import ast
import importlib.util
import warnings
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from epyflow.errors import DataError


class UserFunctions:
    """Find functions by name and call them.

    Parameters
    ----------
    folder
        The ``functions/`` folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str) -> Any:
        """Call the function ``name`` without arguments and return what it returns.

        Raises
        ------
        DataError
            If no module, or more than one, defines it, or if it raises.
        """
        holders = [path for path in sorted(self._folder.glob("*.py")) if name in defined(path)]
        if len(holders) != 1:
            where = " and ".join(path.name for path in holders) or "no module"
            raise DataError(f"{where} in {self._folder} defines {name!r}; expected exactly one")
        try:
            return getattr(_module(holders[0]), name)()
        except (Exception, SystemExit) as error:
            raise DataError(
                f"{holders[0]}: {name}() raised {type(error).__name__}: {error}"
            ) from error


def defined(path: Path) -> set[str]:
    """Return the names of the functions at the top level of a module, without running it.

    Raises
    ------
    DataError
        If it cannot be read or is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise DataError(f"{path}:{line}: is not a Python module: {error}") from None
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


class _SourceLoader(SourceFileLoader):
    """Loads a module without a bytecode cache, which an edit in the same second would not change.

    Source: ``importlib.abc.SourceLoader.path_stats``, which may raise OSError.
    """

    def path_stats(self, path: Any) -> Any:
        """Return no time of the source, so that there is no cache."""
        raise OSError


def _module(path: Path) -> Any:
    name = f"epyflow_user_{path.stem}"
    loader = _SourceLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} cannot be imported as a Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
