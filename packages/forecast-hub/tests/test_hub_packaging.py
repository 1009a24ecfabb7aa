"""The package can be installed alone: it declares what it imports, none of it of epyflow."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SOURCES = sorted((PACKAGE / "src" / "forecast_hub").rglob("*.py"))


def imported():
    """Return the packages that any module imports, at its top or in a function."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"forecast_hub"}


def test_the_dependencies_are_what_is_imported():
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    distributions = packages_distributions()

    assert {distributions[name][0].lower() for name in imported()} == declared


def test_nothing_of_epyflow_is_imported():
    assert "epyflow" not in imported()
