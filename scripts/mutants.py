#!/usr/bin/env python3
"""Change one token of the sources at a time, and list the changes that no test notices.

make mutants                                    200 mutants of src/epyflow and packages/forecast-hub
make mutants SEED=7 SAMPLE=30 FOLDER=model      30 others, of src/epyflow/model alone

A seed names a sample. mutation_sites.py says what a mutant is; the sample leaves out figures/ and
cli/.

The tests run in a copy of the tree: the unit tests of the mutant's own folder, first those of its
file, and the science tests that import this folder. They kill a mutant if one of them fails, or if
they take far longer than without it. The exit code is 1 if they kill fewer than 85%.

equivalent_mutants.toml lists mutants that change no behaviour, with the reason. A survivor that
it lists is shown with its reason, and is counted as not killed like the others.
"""

import argparse
import contextlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from mutation_sites import Key, Mutant, draw

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = ROOT / "scripts" / "equivalent_mutants.toml"
REQUIRED = 0.85
SECONDS = 30  # that tests may take, added to five times what they take without a mutant
PRELOADED = (
    *("numpy", "pandas", "pyarrow", "scipy.stats", "numba", "epydemix", "matplotlib.pyplot"),
    *("hypothesis", "pydantic", "jsonschema", "typer.testing", "pycountry"),
    "google.cloud.batch_v1",
)
"""Imported once: the tests of each mutant start in a fork of this process."""


_OF_PARTS = "operations"
"""The folder of src/epyflow whose folders have the tests of their names."""


def tests_of(root: Path, path: str) -> list[str]:
    """Return the tests of the folder that a source file lies in.

    A module at the top of src/epyflow has the test of its name, or else those that import it.
    """
    parts = Path(path).with_suffix("").parts
    if parts[0] == "packages":
        return [f"{parts[0]}/{parts[1]}/tests"]
    unit = root / "tests" / "unit"
    own = [unit / parts[2]] if (unit / parts[2]).is_dir() else [*unit.glob(f"test_{parts[2]}.py")]
    if parts[2] == _OF_PARTS and (unit / parts[2] / parts[3]).is_dir():
        own = [unit / parts[2] / parts[3]]  # tests/unit/operations/runs
    importing = sorted((root / "tests" / "science" if own else unit).rglob("test_*.py"))
    imports = re.compile(rf"epyflow(?:\.| import (?:.*, )?){parts[2]}\b")
    found = own + [test for test in importing if imports.search(test.read_text(encoding="utf-8"))]
    return [test.relative_to(root).as_posix() for test in found]


def read_equivalent(path: Path) -> dict[Key, str]:
    """Return why mutants change nothing, by :meth:`Mutant.key`."""
    listed = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return {
        (each["file"], each.get("within", ""), each["before"], each["after"]): each["why"]
        for each in listed
    }


def describe(mutant: Mutant, source: bytes, why: str | None) -> str:
    """Describe a survivor."""
    line, before, after = mutant.lines(source)
    reason = [] if why is None else [f"    equivalent: {why}"]
    return "\n".join([f"{mutant.site.path}:{line}", f"    - {before}", f"    + {after}", *reason])


class Tree:
    """A copy of the files that git tracks, with what lies beside them for tests of real data."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root, self.output = folder / "tree", folder / "output.txt"
        self._temporary, self._tested = folder / "pytest", 0
        listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=source, text=True)  # noqa: S607
        for name in listed.split("\0")[:-1]:
            if (source / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / name, self.root / name)
        if (shared := source.parent / "shared").is_dir():
            (folder / "shared").symlink_to(shared.resolve())
        os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")
        paths = [self.root, self.root / "src", *self.root.glob("packages/*/src")]
        sys.path[:0] = map(str, paths)
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[: len(paths)])  # of their processes

    def test(self, mutant: Mutant, tests: list[str], seconds: float) -> bool:
        """Say whether a mutant passes the tests; the file is put back as it was."""
        path = self.root / mutant.site.path
        source, times = path.read_bytes(), path.stat()
        named = list(map(str, sorted((self.root / tests[0]).rglob(f"test_{path.stem}.py"))))
        path.write_bytes(mutant.apply(source))
        # Python knows current bytecode by the second of the file's time and by its size, and the
        # processes of tests write bytecode of mutants.
        self._tested += 1
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + self._tested * 10**9))
        try:
            return (not named or self.run(named, seconds)) and self.run(tests, seconds)
        finally:
            path.write_bytes(source)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its bytecode is current

    def run(self, tests: list[str], seconds: float, *, compiled: bool = False) -> bool:
        """Run tests in a fork of this process; say whether they pass in time."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.setsid()
            signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends the process
            sys.dont_write_bytecode = not compiled
            self._run_tests(tests)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # the processes that tests have left
        return status == 0

    def _run_tests(self, tests: list[str]) -> NoReturn:
        code = 1
        try:
            output = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.chdir(self.root)
            options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of PRELOADED
            options += [f"--basetemp={self._temporary}"]  # apart from what other runs have left
            code = pytest.main([*options, *tests])
            sys.stdout.flush()
        finally:
            os._exit(code)


def report(tree: Tree, mutants: list[Mutant], equivalent: Mapping[Key, str]) -> float:
    """Test mutants, print the survivors and the count of each folder; return the share killed."""
    for module in PRELOADED:
        importlib.import_module(module)
    limits: dict[tuple[str, ...], float] = {}
    tested, killed, unchanged = Counter[str](), Counter[str](), 0
    for number, mutant in enumerate(mutants, 1):
        if sys.stderr.isatty():
            print(f"{number} of {len(mutants)}", end="\r", file=sys.stderr, flush=True)
        tests = tests_of(tree.root, mutant.site.path)
        if tests and tuple(tests) not in limits:  # without a path, pytest would run every test
            start = time.monotonic()
            if not tree.run(tests, 3600, compiled=True):
                raise SystemExit(f"{tree.output.read_text()}\nThese tests fail without a mutant.")
            limits[tuple(tests)] = SECONDS + 5 * (time.monotonic() - start)
        path = mutant.site.path
        folder = path.rpartition("/")[0]
        tested[folder] += 1
        if not tests or tree.test(mutant, tests, limits[tuple(tests)]):
            source = (tree.root / path).read_bytes()
            why = equivalent.get(mutant.key(source))
            unchanged += why is not None
            print(describe(mutant, source, why), flush=True)
        else:
            killed[folder] += 1
    print()
    for folder in tested:
        print(f"{killed[folder]:4} of {tested[folder]:3} killed   {folder}")
    share, left = killed.total() / tested.total(), tested.total() - killed.total()
    print(f"{killed.total():4} of {tested.total():3} killed   {share:.0%}, required {REQUIRED:.0%}")
    print(f"{left:4} survived: {unchanged} equivalent, {left - unchanged} to be looked at")
    return share


def main() -> int:
    """Test a sample of mutants; return 1 if too few of them are killed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the number that names the sample")
    parser.add_argument("--sample", type=int, default=200, help="how many mutants to test")
    parser.add_argument("--folder", default="src", help="take mutants of this folder alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Tree(ROOT, Path(folder))
        mutants = draw(tree.root, arguments.folder, arguments.sample, arguments.seed)
        if not mutants:
            parser.error(f"no mutant lies in a folder {arguments.folder!r}: try --folder model")
        return 0 if report(tree, mutants, read_equivalent(EQUIVALENT)) >= REQUIRED else 1


if __name__ == "__main__":
    sys.exit(main())
