"""Made-up population data in the layout of epydemix-data."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

LAYERS = ("school", "work", "home", "community")
SINGLE_YEARS = (*map(str, range(84)), "84+")


@pytest.fixture
def add_place() -> Callable[..., None]:
    """Return a function that adds one place to a folder in the layout of epydemix-data."""

    def add(
        root: Path,
        name: str,
        sizes: Mapping[str, float],
        matrices: Mapping[str, NDArray[np.float64]],
        source: str = "mistry_2021",
    ) -> None:
        listing = root / "locations.csv"
        if not listing.exists():
            root.mkdir(parents=True, exist_ok=True)
            listing.write_text("location,primary_contact_source,population_source\n")
        with listing.open("a") as file:
            file.write(f"{name},{source},a census\n")
        demographic = root / "data" / name / "demographic"
        contacts = root / "data" / name / "contact_matrices" / source
        demographic.mkdir(parents=True)
        contacts.mkdir(parents=True)
        rows = "".join(f"{label},{persons}\n" for label, persons in sizes.items())
        (demographic / "age_distribution.csv").write_text(f"group_name,value\n{rows}")
        for layer, matrix in matrices.items():
            lines = (",".join(map(repr, row)) for row in matrix.tolist())
            (contacts / f"contacts_matrix_{layer}.csv").write_text("\n".join(lines) + "\n")

    return add


@pytest.fixture
def tiny(tmp_path: Path, add_place: Callable[..., None]) -> Path:
    """Return a folder with one place of three age groups: 10, 30 and 60 persons."""
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    root = tmp_path / "tiny"
    sizes = {"0": 10, "1": 30, "2+": 60}
    add_place(root, "Testland", sizes, {layer: matrix * k for k, layer in enumerate(LAYERS, 1)})
    return root


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Return a folder of tables: New York, two groups of 40 and 60 persons, two layers."""
    root = tmp_path / "tables"
    root.mkdir()
    (root / "population.csv").write_text(
        "population,age_group,persons\n"
        "United_States_New_York,0-17,40\n"
        "United_States_New_York,18+,60\n"
    )
    (root / "contacts.csv").write_text(
        "population,layer,age_group,contact_age_group,contacts_per_day\n"
        "United_States_New_York,home,0-17,0-17,0.1\n"
        "United_States_New_York,home,0-17,18+,3\n"
        "United_States_New_York,home,18+,0-17,2\n"
        "United_States_New_York,home,18+,18+,0.3\n"
        "United_States_New_York,school,18+,18+,8\n"
        "United_States_New_York,school,18+,0-17,7\n"
        "United_States_New_York,school,0-17,18+,6\n"
        "United_States_New_York,school,0-17,0-17,5\n"
    )
    return root
