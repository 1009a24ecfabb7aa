import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epyflow import tables
from epyflow.tables.column_descriptions import FIXED, VARIABLE, as_markdown, columns_of
from tests.unit import factories
from tests.unit.tables.reading import save, spec

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tables.md"
SERIES = {"S_0-17", "S_18+", "S_total", "I_0-17", "I_18+", "I_total", "beta", "I"} | {
    f"S_to_I_{group}" for group in ("0-17", "18+", "total")
}


def test_the_page_is_made_from_the_descriptions():
    text = as_markdown()

    assert PAGE.read_text(encoding="utf-8") == text, (
        "write it: python -c 'from epyflow.tables.column_descriptions import as_markdown; "
        "print(as_markdown(), end=str())' > docs/tables.md"
    )


def is_described(column):
    """By its name, or by the form of its name."""
    beginnings = [form.partition("<")[0] for form in VARIABLE if not form.startswith("<")]
    return column in FIXED or any(re.match(start, column) for start in beginnings)


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_column_of_a_table_is_described(tmp_path, name):
    persons = np.ones((3, 5, 2, 2))
    member = factories.member_result(
        compartments=persons, scenario="low", reproduction=np.full((3, 5), 1_000_000)
    )
    fit = factories.fit(names=("beta", "init_I", "start_date_days"), projected_generation=0)
    particles = ((0.25, 10.0, 3.0), (0.75, 20.0, 4.0))
    fit = replace(fit, generations=(factories.generation(particles),))
    made = factories.calibration([replace(member, particles=(0, 1, 0))], fit=fit)
    path = tmp_path / f"{name}.csv.gz"
    asked = replace(spec((0.5,)), projection_draws=True)

    tables.write({name: (asked, path)}, save(tmp_path, made))

    found = list(pd.read_csv(path, nrows=0).columns)
    assert [column for column in found if not is_described(column) and column not in SERIES] == []
    fixed = [column for column in columns_of(name) if column in FIXED]
    assert [column for column in found if column in FIXED and column != "scenario"] == fixed
