"""The README's table of checks, the code and hubValidations' names agree."""

import ast
import re
from pathlib import Path

from broken_submissions import MUTANTS

PACKAGE = Path(__file__).parents[1]
SOURCES = sorted((PACKAGE / "src" / "forecast_hub").rglob("*.py"))


def names(text):
    return set(re.findall(r"`(\w+)`", text))


def rows():
    """Return hubValidations' names and ours, row by row, of the table of checks."""
    section = (PACKAGE / "README.md").read_text().split("\n## Checks\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return [(names(theirs), names(ours)) for theirs, ours, _ in cells]


def reported():
    """Return the names that findings are made with, wherever they are written as text."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                found |= {each.value for each in ast.walk(node.args[0]) if is_text(each)}
            elif isinstance(node, ast.FunctionDef) and node.name == "_check_of":
                found |= {
                    each.value
                    for returned in ast.walk(node)
                    if isinstance(returned, ast.Return)
                    for each in ast.walk(returned)
                    if is_text(each)
                }
    return found


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_the_table_has_every_name_that_is_reported_and_no_other():
    documented = set().union(*(ours for _, ours in rows()))

    assert documented == reported()


def test_a_check_that_hubvalidations_has_carries_its_name():
    of_our_own = {name for theirs, ours in rows() for name in ours - theirs}

    assert of_our_own == {"file_rows", "horizon_dates"}


def test_no_check_of_hubvalidations_is_in_two_rows():
    listed = [name for theirs, _ in rows() for name in theirs]

    assert len(listed) == len(set(listed))


def test_each_check_of_a_submissions_rows_is_failed_by_a_broken_submission():
    broken = {mutant.check for mutant in MUTANTS}
    of_the_hub = {"counts_lt_popn", "horizon_timediff"}  # as FluSight's validations.yml names them
    of_metadata = {name for name in reported() if name.startswith("metadata_")}
    elsewhere = {"submission_time", "file_location", "file_format", "file_name", "col_types"}
    elsewhere |= {"round_id_valid", "derived_task_id_vals", "horizon_dates"}

    assert broken == reported() - of_metadata - elsewhere | of_the_hub
