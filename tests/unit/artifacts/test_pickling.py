import io
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epyflow.artifacts import array_shapes, file_format, opcode_check, pickling
from epyflow.artifacts import task as tasks
from epyflow.artifacts.task import Failure, Member, PackedArray, Result, Task
from epyflow.errors import ArtifactError, UnreadableError
from tests.unit import factories

ROOT = Path(__file__).parents[3]


def same(one, other):
    """Equal in type and value, all the way down; NaN equals NaN, 1 is not 1.0."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and equal_bytes(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return np.float64(one).tobytes() == np.float64(other).tobytes()
    return one == other


def equal_bytes(one, other):
    return one.tobytes() == other.tobytes()


def written(artifact, folder):
    path = folder / "artifact.pkl"
    pickling.write(artifact, path)
    return path.read_bytes()


def member(**changes):
    values = {"primary_id": 0, "index": 0, "parameters": {}, "compartments": {}}
    return Member(**{**values, "start_date": None, **changes})


# --- what is written is read -------------------------------------------------------------------


def test_a_task_comes_back_as_it_was(tmp_path):
    task = factories.task()
    pickling.write(task, tmp_path / "input_0.pkl")

    assert same(pickling.read_input(tmp_path / "input_0.pkl"), task)


def test_a_result_comes_back_as_it_was(tmp_path):
    result = factories.result([factories.member_result(compartments=[[[[1, 2], [3, 4]]]])])
    pickling.write(result, tmp_path / "result_0.pkl")

    assert same(pickling.read_result(tmp_path / "result_0.pkl"), result)


def test_a_failure_comes_back_in_place_of_either(tmp_path):
    failure = factories.failure()
    pickling.write(failure, tmp_path / "a.pkl")

    assert pickling.read_input(tmp_path / "a.pkl") == failure
    assert pickling.read_result(tmp_path / "a.pkl") == failure


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    generation = tasks.Generation(
        particles=np.array([[0.1], [0.2]]),
        weights=np.array([0.25, 0.75]),
        distances=np.array([3.0, np.inf]),
        epsilon=float("inf"),
        simulations=7,
        series=PackedArray.pack(np.array([[[1.5]], [[2.0]]])),
    )
    checkpoint = tasks.Checkpoint("ab", (generation,), None, '{"state": 1}', 2.5)
    pickling.write(checkpoint, tmp_path / "checkpoint.pkl")

    assert same(pickling.read_checkpoint(tmp_path / "checkpoint.pkl"), checkpoint)


def test_a_task_is_not_taken_for_a_checkpoint(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    with pytest.raises(ArtifactError, match="holds a Task where a Checkpoint is expected"):
        pickling.read_checkpoint(tmp_path / "a.pkl")


def test_the_bytes_of_an_artifact_are_those_of_its_file(tmp_path):
    assert pickling.to_bytes(factories.task()) == written(factories.task(), tmp_path)


def test_plain_pickle_reads_it_too(tmp_path):
    task = factories.task()

    name, _, kind, payload = pickle.loads(written(task, tmp_path))  # noqa: S301

    assert (name, kind) == ("epyflow", "Task")
    assert same(payload, task)


def test_arrays_come_back_writable(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    sizes = pickling.read_input(tmp_path / "a.pkl").population.sizes
    sizes[0] = 1

    assert sizes[0] == 1


def test_the_order_of_a_mapping_is_kept(tmp_path):
    pickling.write(
        factories.task(members=(member(parameters={"b": 1.0, "a": 2.0}),)), tmp_path / "a.pkl"
    )

    assert list(pickling.read_input(tmp_path / "a.pkl").members[0].parameters) == ["b", "a"]


NAMES = st.text(max_size=5) | st.sampled_from(
    ["epyflow.artifacts.task", "Task", "name", "numpy", "<f8"]
)
PLACES = st.builds(
    Member,
    primary_id=st.integers(),
    index=st.integers(0, 2**70),
    parameters=st.dictionaries(NAMES, st.floats(), max_size=4),
    compartments=st.dictionaries(NAMES, st.floats(), max_size=2),
    start_date=st.none() | st.dates(),
)
ARRAYS = hnp.arrays(
    st.sampled_from(["f8", "f4", "i8", "i2", "u1", "?"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
TASKS = st.builds(
    factories.task,
    strategy=NAMES,
    closure_days=st.lists(st.dates(), max_size=4).map(tuple),
    members=st.lists(PLACES, max_size=3).map(tuple),
    doses=st.none() | st.builds(tasks.DailyDoses, st.dates(), ARRAYS),
)


@given(TASKS)
def test_any_task_comes_back_as_it_was(tmp_path_factory, task):
    path = tmp_path_factory.mktemp("a") / "a.pkl"
    pickling.write(task, path)

    assert same(pickling.read_input(path), task)


@given(TASKS)
def test_writing_what_was_read_gives_the_same_bytes(tmp_path_factory, task):
    folder = tmp_path_factory.mktemp("a")
    first = written(task, folder)

    assert written(pickling.read_input(folder / "artifact.pkl"), folder) == first


# --- bytes depend on values only ---------------------------------------------------------------


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


# --- what cannot be written --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"closure_days": (pd.Timestamp("2025-01-01"),)}, "Task.closure_days holds a Timestamp"),
        ({"closure_days": {date(2025, 1, 1)}}, "Task.closure_days holds a set"),
        ({"model": Path("a")}, "Task.model holds a "),
        ({"members": (member(parameters={1: 1.0}),)}, "Member.parameters has the key 1"),
        ({"members": (member(parameters={"a": object()}),)}, "Member.parameters holds a object"),
        (
            {"doses": tasks.DailyDoses(factories.FIRST_DAY, np.array(["a", None]))},
            "DailyDoses.doses holds an array of object",
        ),
    ],
)
def test_what_the_contract_does_not_allow_is_refused_with_its_place(tmp_path, changes, what):
    with pytest.raises(TypeError, match=what):
        pickling.write(factories.task(**changes), tmp_path / "a.pkl")

    assert list(tmp_path.iterdir()) == []


# --- files that are not usable -----------------------------------------------------------------


def refusal(data, folder, ending="Delete it and run again.", read=pickling.read_input):
    path = folder / "input_00007.pkl"
    path.write_bytes(data)
    with pytest.raises(ArtifactError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not usable: ")
    assert message.endswith(f" Nothing in it was executed. {ending}")
    return message


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableError, match=r"input_0\.pkl: cannot be read: No such file"):
        pickling.read_input(tmp_path / "input_0.pkl")


def test_a_folder_is_not_an_artifact(tmp_path):
    with pytest.raises(UnreadableError, match="Is a directory"):
        pickling.read_result(tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    assert "it is empty" in refusal(b"", tmp_path)


@pytest.mark.parametrize(
    "data", [b"hello", b"\x80\x05", b"\0" * 100, b"\x80\x05K\x01.", b"PK\x03\x04", "é".encode()]
)
def test_what_is_not_of_epyflow_is_refused(tmp_path, data):
    assert "it was not written by epyflow" in refusal(data, tmp_path)


def test_every_truncation_is_refused(tmp_path):
    whole = written(factories.failure(), tmp_path)

    for length in range(1, len(whole)):
        refusal(whole[:length], tmp_path)


def test_what_follows_the_end_is_refused(tmp_path):
    assert "there is data after its end" in refusal(
        written(factories.task(), tmp_path) + b"x", tmp_path
    )


RUN_AGAIN = (
    "Run the experiment again: its inputs and results are computed anew, and replace those of the "
    "earlier version."
)


def test_an_earlier_format_is_named_and_its_files_are_to_be_computed_anew(tmp_path):
    data = pickle.dumps(("epyflow", 1, "Task", None), protocol=5)

    message = refusal(data, tmp_path, RUN_AGAIN)

    assert "usable: it is of format 1, of an earlier version of epyflow; this version " in message
    assert f"reads format {file_format.FORMAT}. " in message


def test_a_later_format_is_named_and_epyflow_is_to_be_updated(tmp_path):
    later = file_format.FORMAT + 1
    data = pickle.dumps(("epyflow", later, "Task", None), protocol=5)

    message = refusal(
        data, tmp_path, "Update epyflow, or delete the folder of the run and run again."
    )

    assert f"it is of format {later}, of a later version of epyflow" in message


def test_a_format_with_classes_that_are_gone_is_named_too(tmp_path):
    data = pickle.dumps(("epyflow", 1, "Task", Path("a")), protocol=5)

    assert "it is of format 1" in refusal(data, tmp_path, RUN_AGAIN)


def test_a_class_with_other_fields_is_refused(tmp_path):
    failure = factories.failure()
    object.__setattr__(failure, "extra", 1)
    data = pickle.dumps(("epyflow", file_format.FORMAT, "Failure", failure), protocol=5)

    assert "its Failure is not that of this version" in refusal(data, tmp_path)


def test_a_result_is_not_taken_for_an_input(tmp_path):
    data = written(factories.result([]), tmp_path)

    assert "it holds a Result where a Task or Failure is expected" in refusal(data, tmp_path)


def test_a_task_is_not_taken_for_a_result(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    with pytest.raises(ArtifactError, match="holds a Task where a Result or Failure is expected"):
        pickling.read_result(tmp_path / "a.pkl")


def test_a_part_of_a_task_is_not_a_task(tmp_path):
    data = pickle.dumps(("epyflow", file_format.FORMAT, "Member", member()), protocol=5)

    assert "it holds a Member" in refusal(data, tmp_path)


# --- files that mean harm ----------------------------------------------------------------------


class Calls:
    """Unpickles to ``function(*arguments)``, then gets ``state``."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments, state)

    def __reduce__(self):
        return self.reduced


def ours(payload, kind="Task"):
    """Wrap a payload in the header that gets it past the first check."""
    return pickle.dumps(("epyflow", file_format.FORMAT, kind, payload), protocol=5)


def assembled(payload):
    """Wrap hand-written opcodes as the payload."""
    body = b"(\x8c\x07epyflow\x94K" + bytes([file_format.FORMAT]) + b"\x8c\x04Task\x94" + payload
    body += b"t."
    return b"\x80\x05\x95" + len(body).to_bytes(8, "little") + body


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


def hostile(target):
    """Name -> pickle that would make the file ``target`` if it were obeyed."""
    touch = f"open({str(target)!r}, 'w').close()"
    shell = f"touch {target}"
    reach = b"(" + text(shell) + b"tR"
    return {
        "os.system": ours(Calls(os.system, shell)),
        "subprocess.Popen": ours(Calls(subprocess.Popen, ["touch", str(target)])),
        "builtins.eval": ours(Calls(eval, touch)),
        "builtins.exec": ours(Calls(exec, touch)),
        "builtins.getattr": ours(Calls(getattr, 1, "real")),
        "numpy.load": ours(Calls(np.load, str(target), None, True)),
        "numpy.fromfile": ours(Calls(np.fromfile, str(target))),
        "numpy's reconstruct": ours(np.array([Calls(os.system, shell)], dtype=object)),
        "numpy's dtype": ours(np.dtype("O")),
        "a name with dots": assembled(
            stack_global("epyflow.artifacts.task", "zlib.sys.modules") + b"0" + b"N"
        ),
        "a method of our class": assembled(
            stack_global("epyflow.artifacts.task", "PackedArray.pack") + reach
        ),
        "a function that tasks imports": assembled(stack_global("epyflow.artifacts.task", "zlib")),
        "the old GLOBAL opcode": assembled(b"cos\nsystem\n" + reach),
        "the INST opcode": assembled(b"(" + text(shell) + b"ios\nsystem\n"),
        "the OBJ opcode": assembled(b"(" + stack_global("os", "system") + text(shell) + b"o"),
        "copyreg's constructor": assembled(
            stack_global("copyreg", "_reconstructor") + b"(" + text("a") + b"tR"
        ),
        "copyreg's registry": assembled(
            stack_global("copyreg", "add_extension")
            + b"("
            + text("os")
            + text("system")
            + b"K\x01tR0"
            + b"\x82\x01"
            + reach
        ),
        "an extension code": assembled(b"\x82\x01" + reach),
        "a persistent id": assembled(b"Pos.system\n"),
        "an out-of-band buffer": assembled(b"\x97"),
        "functools.partial": assembled(
            stack_global("functools", "partial") + b"(" + stack_global("os", "system") + b"tR"
        ),
        "__reduce__ of pickle itself": ours(Calls(pickle.loads, pickle.dumps(Calls(eval, touch)))),
    }


@pytest.mark.parametrize("attack", sorted(hostile("x")))
def test_a_hostile_pickle_is_refused_and_not_obeyed(tmp_path, attack):
    target = tmp_path / "obeyed"

    message = refusal(hostile(target)[attack], tmp_path)

    assert not target.exists()
    # It was stopped for what it asked, not because the header was wrong.
    assert "it was not written by epyflow" not in message


def test_the_attacks_would_work_on_plain_pickle(tmp_path):
    """Otherwise the test above would show nothing."""
    for attack in ("os.system", "builtins.eval", "the old GLOBAL opcode", "the OBJ opcode"):
        target = tmp_path / attack.replace(" ", "_")
        pickle.loads(hostile(target)[attack])  # noqa: S301
        assert target.exists()


def test_a_pickle_cannot_set_attributes_of_our_classes(tmp_path):
    # BUILD with (None, {...}) sets attributes of whatever is on the stack: here, of a class.
    names = text("pack") + b"K\x01"
    build = stack_global("epyflow.artifacts.task", "PackedArray") + b"N}(" + names + b"u\x86b"

    refusal(assembled(build), tmp_path)

    assert callable(PackedArray.pack)
    assert PackedArray.pack(np.zeros(1)).shape == (1,)


def test_a_pickle_cannot_set_attributes_of_the_date_class(tmp_path):
    build = stack_global("datetime", "date") + b"N}(" + text("x") + b"K\x01u\x86b"

    refusal(assembled(build), tmp_path)

    assert not hasattr(date, "x")


@pytest.mark.parametrize("name", ["__setstate__", "state", "name", "arguments"])
@pytest.mark.parametrize("place", [("epyflow.artifacts.task", "Failure"), ("numpy", "ndarray")])
def test_a_pickle_cannot_change_how_the_next_one_is_read(tmp_path, place, name):
    build = stack_global(*place) + b"N}(" + text(name) + b"Nu\x86b"

    refusal(assembled(build), tmp_path)

    pickling.write(factories.task(), tmp_path / "a.pkl")
    assert same(pickling.read_input(tmp_path / "a.pkl"), factories.task())


@pytest.mark.parametrize(
    "arguments",
    [
        ((2,), "|O8", bytearray(16)),
        ((2,), "<f8", bytearray(8)),
        ((-1, -2), "<f8", bytearray(16)),
        ((2,), "<f8", bytearray(16), 8),
        ((10**12,), "<f8", bytearray(8)),
        ((1,), [("a", "O")], bytearray(8)),
        ((1,), "<f8", b"12345678"),
        ("ab", "<f8", bytearray(8)),
        (("a", 10), "<f8", bytearray(8)),
        ((True,), "<f8", bytearray(8)),
        ((1,) * 9, "<f8", bytearray(8)),
    ],
)
def test_an_array_that_lies_about_its_memory_is_refused(tmp_path, arguments):
    # By hand, because numpy itself refuses to make some of them.
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = {Calls: lambda calls: (np.ndarray, calls.reduced[1])}
    lie = Calls(None, *arguments)
    population = factories.population()
    object.__setattr__(population, "sizes", lie)
    pickler.dump(("epyflow", file_format.FORMAT, "Task", factories.task(population=population)))

    refusal(stream.getvalue(), tmp_path)


def test_a_loop_is_refused(tmp_path):
    loop = []
    loop.append(loop)

    refusal(ours(loop), tmp_path)


def test_nested_references_are_refused_before_they_multiply(tmp_path):
    nested = []
    for _ in range(100):
        nested = [nested, nested]
    failure = factories.failure()
    object.__setattr__(failure, "primary_ids", nested)

    # 2**100 lists, were each reference followed.
    assert "it refers twice to one part" in refusal(ours(failure, "Failure"), tmp_path)


# 2**10 tuples when they are hashed, and 2**60 with as many more bytes.
NESTED = b")\x94" + b"".join(
    b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x94" for n in range(2, 12)
)


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"}" + NESTED + b"K\x01s", "a key in it is not text"),
        (b"}(" + NESTED + b"K\x01u", "a key in it is not text"),
        (b"}(h\x00K\x01K\x02K\x03u", "a key in it is not text"),
        (b"\x8f(" + NESTED + b"\x90", "it has the opcode 0x8f, which no artifact has"),
        (b"K\x00r\x00\xe1\xf5\x05", "it has the opcode 0x72, which no artifact has"),
        (b"K\x00p100000000\n", "it has the opcode 0x70, which no artifact has"),
        (b"N2", "it has the opcode 0x32, which no artifact has"),
        (b"\x8b\xff\xff\xff\x7f", "it has the opcode 0x8b, which no artifact has"),
        (b"\x8e" + b"\xff" * 4 + bytes(4), "it is cut short or damaged"),
        (b"j\xff\xff\xff\xff", "it is cut short or damaged"),
        (b"N" * 5000, "it has more than 1,000 opcodes"),
    ],
)
def test_a_pickle_that_would_exhaust_memory_is_refused(tmp_path, payload, what, monkeypatch):
    monkeypatch.setattr(opcode_check, "MOST_OPCODES", 1000)

    assert what in refusal(assembled(payload), tmp_path)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"index": "0"}, "the field index of its Result"),
        ({"seed": True}, "the field seed of its Result"),
        ({"age_groups": ("0-17", 18)}, "the field age_groups of its Result"),
        ({"members": (None,)}, "the field members of its Result"),
        ({"location": 7}, "the field location of its Result"),
        ({"fit": factories.failure()}, "the field fit of its Result"),
        ({"fit": factories.fit(window=(factories.FIRST_DAY,) * 3)}, "the field window of its Fit"),
        ({"fit": factories.fit(settings={"a": 1})}, "the field settings of its Fit"),
        (
            {"fit": factories.fit(generations=(factories.generation(weights=(1.0, 2.0)),))},
            "the field weights of its Generation",
        ),
        ({"age_groups": ("0+",)}, "its compartments has the shape (1, 1, 2, 2); expected (1, 1, 2"),
        ({"compartments": ("S",)}, "its compartments has the shape (1, 1, 2, 2); expected"),
        ({"transitions": ()}, "its transitions has the shape (1, 1, 1, 2); expected (1, 1, 0, 2)"),
        ({"fit": factories.fit(names=("beta",))}, "its generation.particles has the shape (2, 2)"),
        ({"fit": factories.fit(units=("a", "b"))}, "its units has the shape (2,); expected (1)"),
        ({"fit": factories.fit(projected_generation=2)}, "its projected_generation 2 is none"),
        ({"fit": factories.fit(generations=())}, "its projected_generation None is none"),
        ({"fit": factories.fit(settings={"a": "{"})}, "its settings are not JSON"),
    ],
)
def test_a_result_whose_fields_do_not_fit_is_refused(tmp_path, changes, what):
    members = (factories.member_result(compartments=[[[[1, 2], [3, 4]]]]),)
    result = factories.result(**{"members": members, **changes})

    assert what in refusal(pickling.to_bytes(result), tmp_path, read=pickling.read_result)


def test_arrays_that_share_bytes_count_as_often_as_they_are_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(array_shapes, "MOST_BYTES", 100)
    monkeypatch.setattr(array_shapes, "RATIO", 0)
    member = factories.member_result(compartments=[[[[1, 2], [3, 4]]]])

    pickling.write(factories.result([member] * 8), tmp_path / "a.pkl")
    assert len(pickling.read_result(tmp_path / "a.pkl").members) == 8
    nine = pickling.to_bytes(factories.result([member] * 9))
    what = "its arrays would have 108 bytes when decompressed"
    assert what in refusal(nine, tmp_path, read=pickling.read_result)


def test_the_classes_are_those_of_the_contract():
    made = {name for name, value in vars(tasks).items() if is_dataclass(value)}

    assert {Task.__name__, Result.__name__, Failure.__name__} <= made
    assert set(file_format.CLASSES) == made
