"""The bytes of an artifact depend on its values only."""

import os
import subprocess
import sys
from collections import OrderedDict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from epyflow.artifacts import pickling
from epyflow.artifacts import task as tasks
from tests.unit import factories
from tests.unit.artifacts.artifact_files import member, same, written

ROOT = Path(__file__).parents[3]


def assert_same_bytes(one, other, folder):
    assert written(one, folder) == written(other, folder)


def test_it_does_not_matter_whether_equal_texts_are_one_object(tmp_path):
    text = "".join(["be", "ta"])

    assert_same_bytes(
        factories.task(strategy="beta", model="beta"),
        factories.task(strategy="beta", model=text),
        tmp_path,
    )


@pytest.mark.parametrize(
    "text", ["epyflow.artifacts.task", "Task", "seed", "numpy", "ndarray", "date"]
)
def test_a_text_may_equal_a_name_that_pickle_writes(tmp_path, text):
    copy = "".join(list(text))

    assert_same_bytes(factories.task(model=text), factories.task(model=copy), tmp_path)


def test_it_does_not_matter_whether_equal_dates_are_one_object(tmp_path):
    day = date(2025, 1, 1)

    assert_same_bytes(
        factories.task(closure_days=(day, day)),
        factories.task(closure_days=(day, date(2025, 1, 1))),
        tmp_path,
    )


def test_it_does_not_matter_whether_equal_containers_are_one_object(tmp_path):
    shared = {"a": 1.0}

    assert_same_bytes(
        factories.task(members=(member(parameters=shared, compartments=shared),)),
        factories.task(members=(member(parameters={"a": 1.0}, compartments={"a": 1.0}),)),
        tmp_path,
    )


def test_it_does_not_matter_how_an_array_lies_in_memory(tmp_path):
    plain = np.arange(6.0).reshape(2, 3)
    frozen = plain.copy()
    frozen.flags.writeable = False
    layouts = [np.asfortranarray(plain), plain.astype(">f8"), np.tile(plain, 2)[:, :3], frozen]
    expected = written(factories.task(doses=tasks.DailyDoses(factories.FIRST_DAY, plain)), tmp_path)

    for array in layouts:
        task = factories.task(doses=tasks.DailyDoses(factories.FIRST_DAY, array))
        assert written(task, tmp_path) == expected


def test_numpy_scalars_are_written_as_python_numbers(tmp_path):
    assert_same_bytes(
        factories.task(index=np.int64(3), members=(member(parameters={"a": np.float64(0.1)}),)),
        factories.task(index=3, members=(member(parameters={"a": 0.1}),)),
        tmp_path,
    )


def test_the_kind_of_mapping_does_not_matter(tmp_path):
    assert_same_bytes(
        factories.task(members=(member(parameters=OrderedDict(a=1.0)),)),
        factories.task(members=(member(parameters={"a": 1.0}),)),
        tmp_path,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"index": 1}, {"index": 2}),
        ({"index": 1}, {"index": 1.0}),
        ({"closure_days": ()}, {"closure_days": []}),
        ({"members": (1,)}, {"members": (True,)}),
        ({"model": "\u00e9"}, {"model": "e\u0301"}),
    ],
)
def test_different_values_have_different_bytes(tmp_path, one, other):
    assert written(factories.task(**one), tmp_path) != written(factories.task(**other), tmp_path)


def test_a_tuple_of_numbers_is_not_taken_for_an_equal_one_of_another_type(tmp_path):
    parameters = {"whole": (1, 0), "real": (1.0, 0.0)}
    result = factories.result(
        [factories.member_result(compartments=[[[[1, 2], [3, 4]]]], parameters=parameters)]
    )
    pickling.write(result, tmp_path / "a.pkl")

    assert same(pickling.read_result(tmp_path / "a.pkl").members[0].parameters, parameters)


WRITE_ONE = """
import sys
from pathlib import Path
{imports}
from tests.unit import factories
from epyflow.artifacts import file_format, pickling
members = [factories.member_result(i, compartments=[[[[i, 2], [3, 4]]]]) for i in range(3)]
pickling.write(factories.task(model="epyflow.artifacts.task"), Path(sys.argv[1]))
pickling.write(factories.result(members), Path(sys.argv[2]))
"""


def test_every_process_writes_the_same_bytes_whatever_its_hash_seed(tmp_path):
    found = set()
    for seed, imports in (("0", ""), ("1", ""), ("2", "from epyflow import randomness, stages")):
        paths = [tmp_path / f"{seed}_{name}.pkl" for name in ("input", "result")]
        subprocess.run(
            [sys.executable, "-c", WRITE_ONE.format(imports=imports), *map(str, paths)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        found.add(tuple(path.read_bytes() for path in paths))

    assert len(found) == 1
