"""Find the tokens of Python sources that can be replaced, and draw a sample of replacements.

A mutant differs from the source in one token: an operator of arithmetic, comparison or logic,
``not``, True or False, or a number that is one larger or smaller. Text (f-strings too), annotations
and decorators are left out.
"""

import ast
import bisect
import io
import random
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

SOURCES = ("src", "packages/forecast-hub/src")
LEFT_OUT = ("src/epyflow/figures/", "src/epyflow/cli/")

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


Key = tuple[str, str, str, str]


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

    def lines(self, source: bytes) -> tuple[int, str, str]:
        """Return the number of the line, and the line before and after."""
        row = source.count(b"\n", 0, self.site.offset)
        before, after = (text.split(b"\n")[row] for text in (source, self.apply(source)))
        return row + 1, before.decode().strip(), after.decode().strip()

    def key(self, source: bytes) -> Key:
        """Return the file, the function or class, and the line before and after."""
        line, before, after = self.lines(source)
        around = [
            node.name
            for node in ast.walk(ast.parse(source))  # outer ones first
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            if node.lineno <= line <= (node.end_lineno or 0)
        ]
        return self.site.path, ".".join(around), before, after


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
