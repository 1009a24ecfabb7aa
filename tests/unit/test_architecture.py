"""``docs/architecture.md`` is true of the folders."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def names_in(folder: Path) -> set[str]:
    """Return the modules and packages of a folder, without what only tools see."""
    return {
        path.stem
        for path in folder.iterdir()
        if path.suffix == ".py" or any(path.glob("*.py")) or (path / "pyproject.toml").is_file()
    } - {"__init__"}


def test_every_folder_of_the_package_is_on_the_map_once():
    listed = [folder for _, folder, _ in rows("Folders of src/epyflow")]

    assert len(listed) == len(set(listed))
    assert set(listed) == names_in(ROOT / "src" / "epyflow")


def test_every_package_is_on_the_map():
    assert {package for package, _ in rows("Packages")} == names_in(ROOT / "packages")


def test_the_levels_are_those_of_the_contract():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        each
        for each in pyproject["tool"]["importlinter"]["contracts"]
        if each.get("containers") == ["epyflow"]
    )
    listed = rows("Folders of src/epyflow")
    numbers = [str(number) for number in range(len(contract["layers"]), 0, -1)]
    levels = [sorted(name for level, name, _ in listed if level == number) for number in numbers]

    assert levels == [sorted(layer.split(" | ")) for layer in contract["layers"]]


def test_the_top_of_the_package_has_at_most_30_entries():
    folder = ROOT / "src" / "epyflow"

    assert len(names_in(folder) | {"__init__"}) <= 30


def test_no_file_name_stands_three_times():
    names = [path.name for path in (ROOT / "src" / "epyflow").rglob("*.py")]

    assert {name for name in names if names.count(name) > 2} == {"__init__.py"}


def test_the_picture_of_the_path_names_every_stage_of_the_text():
    picture = (ROOT / "docs" / "images" / "life-of-an-experiment.svg").read_text(encoding="utf-8")
    stages = re.findall(r"^\d\. \*\*(\w+)\.\*\*", PAGE, re.MULTILINE)

    assert stages == re.findall(r'class="name"[^>]*>(\w+)<', picture)
