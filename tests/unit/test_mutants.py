"""scripts/mutants.py, on sources and tests of its own."""

import subprocess
import sys
from pathlib import Path

import mutants
import mutation_sites
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"

RUN = "import sys, mutants; mutants.PRELOADED = (); mutants.SECONDS = 3; sys.exit(mutants.main())"

SUMS = """\
def total(first, last, pause):
    result = 0
    while first < last:
        pause()
        result += first
        first += 1
    return result


def untested(number):
    return number + number


def size(number):
    return abs(-number)
"""
TEST_SUMS = """\
import py_compile
from time import sleep

from epyflow.toy import sums
from epyflow.toy.sums import total

py_compile.compile(sums.__file__)  # as a process does that a test starts


def test_the_last_number_is_not_added():
    assert total(2, 5, lambda: sleep(0.01)) == 9
"""
EQUIVALENT = """\
[[mutant]]
file = "src/epyflow/toy/sums.py"
within = "size"
before = "return abs(-number)"
after = "return abs(number)"
why = "a number and its negative have one absolute value"
"""


def replaced(source: str) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (site.before, site.choices) for site in mutation_sites.find_sites("a.py", source.encode())
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = (b) + (c)", [("+", ("-",))]),
        ("a //= b", [("//=", ("/=",))]),
        ("a = -b", [("-", ("",))]),
        ("a = b < c <= d", [("<", ("<=", ">=")), ("<=", ("<", ">"))]),
        ("a = b and c or not d", [("and", ("or",)), ("or", ("and",)), ("not", ("",))]),
        ("a = b is c, b is not c", [("is", ("is not",)), ("not", ("",))]),
        ("a = b in c, b not in c", [("in", ("not in",)), ("not", ("",))]),
        ("a = 7, 0.5", [("7", ("8", "6")), ("0.5", ("1.5", "-0.5"))]),
        ("a = True", [("True", ("False",))]),
    ],
)
def test_operators_logic_and_numbers_are_replaced(source, expected):
    assert replaced(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""Return 1 + 1."""',
        'a = f"{b + 1}"',
        "def f(a: b | c = d) -> b | c: ...",
        "@f(frozen=True)\nclass A: ...",
        "if TYPE_CHECKING:\n    a = 1",
        "def f(*a, b, **c): ...",
        "f(*a, **b)",
    ],
)
def test_text_annotations_decorators_and_stars_of_arguments_stay(source):
    assert replaced(source) == []


def test_a_mutant_is_described_by_its_line_before_and_after_in_any_script():
    source = "# déjà vu\na = 'ü×', b + 1\n".encode()
    plus, _ = mutation_sites.find_sites("a.py", source)

    assert mutation_sites.Mutant(plus, "-").lines(source) == (
        2,
        "a = 'ü×', b + 1",
        "a = 'ü×', b - 1",
    )


def test_every_mutant_of_the_engine_is_python():
    for path in sorted((ROOT / "src/epyflow/engine").glob("*.py")):
        source = path.read_bytes()
        for site in mutation_sites.find_sites(path.name, source):
            for after in site.choices:
                compile(mutation_sites.Mutant(site, after).apply(source), path.name, "exec")


def test_a_seed_names_a_sample_of_a_folder():
    first, again, other = (mutation_sites.draw(ROOT, "engine", 50, seed) for seed in (1, 1, 2))

    assert first == again != other
    assert len(set(first)) == 50
    assert {mutant.site.path.rpartition("/")[0] for mutant in first} == {"src/epyflow/engine"}


def test_a_sample_leaves_out_figures_and_commands():
    everything = mutation_sites.draw(ROOT, "src", 100_000, seed=1)

    folders = {mutant.site.path.split("/")[2] for mutant in everything}
    assert {"model", "engine", "operations"} <= folders
    assert not {"figures", "cli"} & folders


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("src/epyflow/tables/registry.py", "tests/unit/tables"),
        ("src/epyflow/operations/cost/prices.py", "tests/unit/operations/cost"),
        ("src/epyflow/suggest.py", "tests/unit/test_suggest.py"),
        ("packages/forecast-hub/src/forecast_hub/a.py", "packages/forecast-hub/tests"),
    ],
)
def test_a_module_is_tested_by_the_tests_of_its_folder(path, tests):
    first, *science = mutants.tests_of(ROOT, path)

    assert first == tests
    assert all(each.startswith("tests/science/") for each in science)


def test_science_tests_that_import_the_folder_belong_to_it():
    assert "tests/science/test_theory.py" in mutants.tests_of(ROOT, "src/epyflow/engine/draws.py")


def test_mutants_that_fail_or_never_end_are_killed_and_survivors_are_named(tmp_path):
    for path, text in {
        **{f"scripts/{each.name}": each.read_text() for each in SCRIPTS.glob("muta*.py")},
        "scripts/equivalent_mutants.toml": EQUIVALENT,
        "src/epyflow/__init__.py": "",
        "src/epyflow/toy/sums.py": SUMS,
        "src/epyflow/toys.py": "def untested(number):\n    return -number\n",
        "tests/unit/other/test_other.py": "def test_of_another_folder():\n    assert False\n",
        "tests/unit/toy/test_sums.py": TEST_SUMS,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)

    ended = subprocess.run(
        [sys.executable, "-c", RUN, "--folder", "epyflow"],
        cwd=tmp_path / "scripts",
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.stdout == (
        "src/epyflow/toy/sums.py:11\n    - return number + number\n    + return number - number\n"
        "src/epyflow/toy/sums.py:15\n    - return abs(-number)\n    + return abs(number)\n"
        "    equivalent: a number and its negative have one absolute value\n"
        "src/epyflow/toys.py:2\n    - return -number\n    + return number\n"
        "\n   5 of   7 killed   src/epyflow/toy\n   0 of   1 killed   src/epyflow\n"
        "   5 of   8 killed   62%, required 85%\n"
        "   3 survived: 1 equivalent, 2 to be looked at\n"
    )
    assert ended.returncode == 1
    assert (tmp_path / "src/epyflow/toy/sums.py").read_text() == SUMS


def test_every_mutant_listed_as_equivalent_is_one_of_the_sources():
    listed = mutants.read_equivalent(mutants.EQUIVALENT)

    assert all(listed.values())
    for path in {key[0] for key in listed}:
        source = (ROOT / path).read_bytes()
        marked = {before.encode() for each, _, before, _ in listed if each == path}
        possible = {
            mutation_sites.Mutant(site, after).key(source)
            for site in mutation_sites.find_sites(path, source)
            if source.splitlines()[source.count(b"\n", 0, site.offset)].strip() in marked
            for after in site.choices
        }
        assert {key for key in listed if key[0] == path} <= possible


def test_equal_lines_are_told_apart_by_what_they_are_in():
    source = b"def a():\n    b = 1\n\n\nclass C:\n    def d(self):\n        b = 1\n\n\nb = 1\n"
    sites = mutation_sites.find_sites("a.py", source)

    keys = [mutation_sites.Mutant(site, "2").key(source) for site in sites]

    assert keys == [("a.py", within, "b = 1", "b = 2") for within in ("a", "C.d", "")]
