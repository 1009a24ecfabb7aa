#!/usr/bin/env python3
"""Change one token of the sources at a time, and list the changes that no test notices.

make mutants                                    200 mutants of src/epyflow and packages/forecast-hub
make mutants SEED=7 SAMPLE=30 FOLDER=model      30 others, of src/epyflow/model alone

A seed names a sample. A mutant differs from the source in one token: an operator of arithmetic,
comparison or logic, ``not``, True or False, or a number that is one larger or smaller. The sample
leaves out figures/ and cli/, text (f-strings too), annotations and decorators.

The tests run in a copy of the tree: the unit tests of the mutant's own folder, and the science
tests that import this folder. They kill a mutant if one of them fails, or if they take far longer
than without it. The exit code is 1 if they kill fewer than 85%.
"""

import argparse
import ast
import bisect
import contextlib
import importlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("src", "packages/forecast-hub/src")
LEFT_OUT = ("src/epyflow/figures/", "src/epyflow/cli/")
REQUIRED = 0.85
SECONDS = 30  # that tests may take, added to five times what they take without a mutant
PRELOADED = ("numpy", "pandas", "scipy.stats", "numba", "epydemix", "hypothesis", "pydantic")
"""Imported once: the tests of each mutant start in a fork of this process."""

REPLACEMENTS: dict[type[ast.AST], tuple[str, ...]] = {
    **{ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")},
    **{ast.FloorDiv: ("//", "/"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*")},
    **{ast.BitOr: ("|", "&"), ast.BitAnd: ("&", "|")},
    **{ast.Lt: ("<", "<=", ">="), ast.LtE: ("<=", "<", ">"), ast.Gt: (">", ">=", "<=")},
    **{ast.GtE: (">=", ">", "<"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "==")},
    **{ast.In: ("in", "not in"), ast.NotIn: ("not", ""), ast.Is: ("is", "is not")},
    **{ast.IsNot: ("not", ""), ast.And: ("and", "or"), ast.Or: ("or", "and")},
    **{ast.Not: ("not", ""), ast.USub: ("-", "")},
}
"""The token of each operator, and what can stand in its place."""


@dataclass(frozen=True)
class Site:
    """A token that can be replaced: its file, its first byte, its text, its replacements."""

    path: str
    offset: int
    before: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    """A site and its replacement."""

    site: Site
    after: str

    def apply(self, source: bytes) -> bytes:
        """Return the source with the token replaced."""
        end = self.site.offset + len(self.site.before.encode())
        return source[: self.site.offset] + self.after.encode() + source[end:]

    def describe(self, source: bytes) -> str:
        """Return the file, the number of the line, and the line before and after."""
        row = source.count(b"\n", 0, self.site.offset)
        before, after = (text.split(b"\n")[row] for text in (source, self.apply(source)))
        lines = f"    - {before.decode().strip()}\n    + {after.decode().strip()}"
        return f"{self.site.path}:{row + 1}\n{lines}"


def find_sites(path: str, source: bytes) -> list[Site]:
    """Return every token of a file that can be replaced, in order."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    tokens = [
        (starts[token.start[0] - 1] + len(token.line[: token.start[1]].encode()), token.string)
        for token in tokenize.tokenize(io.BytesIO(source).readline)
        if token.type in (tokenize.OP, tokenize.NAME, tokenize.NUMBER)
    ]
    sites = []
    for low, high, before, choices in _replaceable(ast.parse(source), starts):
        first = bisect.bisect_left(tokens, (low, ""))
        offset, text = next(each for each in tokens[first:] if before in ("", each[1]))
        if offset < high:
            number = ast.literal_eval(text) if not choices else 0
            sites.append(Site(path, offset, text, choices or (repr(number + 1), repr(number - 1))))
    return sorted(sites, key=lambda site: site.offset)


def _replaceable(
    tree: ast.AST, starts: list[int]
) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Yield ranges of bytes, the token to replace within each, and its replacements."""

    def start(node: ast.expr) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr) -> int:
        return starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    between: list[tuple[int, int, ast.AST, str]]
    for node in _code(tree):
        between = []
        match node:
            case ast.BinOp(left, op, right):
                between = [(end(left), start(right), op, "")]
            case ast.AugAssign(target, op, value):
                between = [(end(target), start(value), op, "=")]
            case ast.UnaryOp(op, operand):
                between = [(start(node), start(operand), op, "")]
            case ast.Compare(left, ops, comparators):
                pairs = pairwise([left, *comparators])
                between = [
                    (end(a), start(b), op, "") for (a, b), op in zip(pairs, ops, strict=True)
                ]
            case ast.BoolOp(op, values):
                between = [(end(a), start(b), op, "") for a, b in pairwise(values)]
            case ast.Constant(bool() as value):
                yield start(node), end(node), str(value), (str(not value),)
            case ast.Constant(int() | float()):
                yield start(node), end(node), "", ()
        for low, high, operator, suffix in between:
            if type(operator) in REPLACEMENTS:
                before, *after = (text + suffix for text in REPLACEMENTS[type(operator)])
                yield low, high, before, tuple(after)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without annotations, decorators, f-strings and blocks for type checkers."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            is_text = isinstance(child, ast.JoinedStr)
            is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if isinstance(child, ast.AST) and not is_text and not is_typing:
                yield from _code(child)


def draw(root: Path, folder: str, size: int, seed: int) -> list[Mutant]:
    """Draw sites and their replacements, in the order of the files."""
    sites: list[Site] = []
    for path in sorted(path for source in SOURCES for path in (root / source).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(LEFT_OUT) and f"/{folder}/" in f"/{name}/":
            sites += find_sites(name, path.read_bytes())
    rng = random.Random(seed)  # noqa: S311
    chosen = sorted(rng.sample(range(len(sites)), min(size, len(sites))))
    return [Mutant(sites[index], rng.choice(sites[index].choices)) for index in chosen]


def tests_of(root: Path, path: str) -> list[str]:
    """Return the tests of the folder that a source file lies in.

    A module at the top of src/epyflow has the test of its name, or else those that import it.
    """
    parts = Path(path).with_suffix("").parts
    if parts[0] == "packages":
        return [f"{parts[0]}/{parts[1]}/tests"]
    unit = root / "tests" / "unit"
    own = [unit / parts[2]] if (unit / parts[2]).is_dir() else [*unit.glob(f"test_{parts[2]}.py")]
    if own and own[0].is_dir() and not any(own[0].glob("test_*.py")):
        own = [own[0] / parts[3]]  # tests/unit/operations/runs
    importing = sorted((root / "tests" / "science" if own else unit).rglob("test_*.py"))
    imports = re.compile(rf"epyflow(?:\.| import (?:.*, )?){parts[2]}\b")
    found = own + [test for test in importing if imports.search(test.read_text(encoding="utf-8"))]
    return [test.relative_to(root).as_posix() for test in found]


class Tree:
    """A copy of the files that git tracks, with what lies beside them for tests of real data."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root, self.output = folder / "tree", folder / "output.txt"
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
        named = sorted((self.root / tests[0]).rglob(f"test_{path.stem}.py"))
        path.write_bytes(mutant.apply(source))
        try:
            return self.run([*map(str, named), *tests], seconds)
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
            code = pytest.main([*options, *tests])
            sys.stdout.flush()
        finally:
            os._exit(code)


def report(tree: Tree, mutants: list[Mutant]) -> float:
    """Test mutants, print the survivors and the count of each folder; return the share killed."""
    for module in PRELOADED:
        importlib.import_module(module)
    limits: dict[tuple[str, ...], float] = {}
    tested, killed = Counter[str](), Counter[str]()
    for number, mutant in enumerate(mutants, 1):
        if sys.stderr.isatty():
            print(f"{number} of {len(mutants)}", end="\r", file=sys.stderr, flush=True)
        tests = tests_of(tree.root, mutant.site.path)
        if tuple(tests) not in limits:
            start = time.monotonic()
            if not tree.run(tests, 3600, compiled=True):
                raise SystemExit(f"{tree.output.read_text()}\nThese tests fail without a mutant.")
            limits[tuple(tests)] = SECONDS + 5 * (time.monotonic() - start)
        folder = mutant.site.path.rpartition("/")[0]
        tested[folder] += 1
        if tree.test(mutant, tests, limits[tuple(tests)]):
            print(mutant.describe((tree.root / mutant.site.path).read_bytes()), flush=True)
        else:
            killed[folder] += 1
    print()
    for folder in tested:
        print(f"{killed[folder]:4} of {tested[folder]:3} killed   {folder}")
    share = killed.total() / tested.total()
    print(f"{killed.total():4} of {tested.total():3} killed   {share:.0%}, required {REQUIRED:.0%}")
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
        return 0 if report(tree, mutants) >= REQUIRED else 1


if __name__ == "__main__":
    sys.exit(main())
