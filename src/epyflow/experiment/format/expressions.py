"""Parse and compute arithmetic written in YAML, without ``eval``.

A rate such as ``beta*(1-VE)`` or a calculated parameter such as ``R0*mu/eigenvalue`` is text that a
stranger may have written. It is parsed into Python's syntax tree, every node of which must be on
the allow-list below, and computed by walking that tree. Nothing else of Python is reachable.
"""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import CircleError, ExpressionError
from epyflow.strict import shown
from forecast_hub.yaml_mistakes import lookalike

Value = float | NDArray[np.float64]

MAX_LENGTH = 2_000
MAX_DEPTH = 100

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "abs": np.abs,
}
_ARITY = {name: 2 if name in ("minimum", "maximum") else 1 for name in FUNCTIONS}


def _power(base: Any, exponent: Any) -> Any:
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a negative number to a fractional power")
    return result


_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}

ALLOWED = "numbers, parameter names, + - * / **, parentheses and the functions " + ", ".join(
    FUNCTIONS
)


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes
    ----------
    text
        As written.
    tree
        Its syntax tree, of allowed nodes only.
    """

    text: str
    tree: ast.expr

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameter names it uses, in the order of their first use."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name)]
        calls = {id(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        ordered = sorted(found, key=lambda node: (node.lineno, node.col_offset))
        return tuple(dict.fromkeys(node.id for node in ordered if id(node) not in calls))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers written in it."""
        nodes = ast.walk(self.tree)
        return tuple(node.value for node in nodes if isinstance(node, ast.Constant))  # type: ignore[misc]

    def compute(self, values: Mapping[str, Value]) -> Value:
        """Return the value for the given parameters; arrays are combined element by element.

        Raises
        ------
        ExpressionError
            If a name has no value, or a step or the result is not a finite number (such as 1/0).
        """
        # numpy must raise at 1/0, as Python does for its own numbers: a result such as
        # 1/(1/0) = 0 would hide it.
        with np.errstate(all="raise", under="ignore"):
            try:
                result: Value = _compute(self.tree, values)
            except ExpressionError:
                raise
            except (ArithmeticError, ValueError) as error:
                why = "it is too large" if isinstance(error, OverflowError) else error
                raise ExpressionError(
                    f"{shown(self.text)} cannot be computed: {why}; expected a finite number"
                ) from None
        if not np.all(np.isfinite(result)):
            raise ExpressionError(f"{shown(self.text)} is not a finite number")
        return result


def _compute(node: ast.expr, values: Mapping[str, Value]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)  # never int: 9**9**9 must overflow, not fill the memory
        case ast.Name(id=name):
            if name not in values:
                raise ExpressionError(f"{name!r} has no value")
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_compute(left, values), _compute(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_compute(operand, values))
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name](*(_compute(argument, values) for argument in args))
    raise ExpressionError(f"{type(node).__name__} is not allowed")  # parse() has refused it already


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Parse ``text``, refusing whatever is not plain arithmetic.

    Raises
    ------
    ExpressionError
        Naming the part that is not allowed, and what is.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has {len(text):,} characters; expected at most {MAX_LENGTH:,}")
    if "#" in text:  # Python would take the rest for a comment, and nobody would notice
        raise ExpressionError(f"'#' is not allowed in {shown(text)}; expected {ALLOWED}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        expected = fraction_for(text) or lookalike(text) or f"expected {ALLOWED}"
        raise ExpressionError(f"{shown(text)} is not an expression; {expected}") from None
    _refuse_foreign(tree, text, depth=0)
    return Expression(text, tree)


def fraction_for(text: str) -> str:
    """Return what to write in place of 60%; nothing for other texts."""
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*", text, re.ASCII)
    return f"write {float(found[1]) / 100:g} for {text.strip()}" if found else ""


def _refuse_foreign(node: ast.expr, text: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError(
            f"{shown(text)} is nested more than {MAX_DEPTH} deep; expected a shorter expression, "
            "split into calculated parameters"
        )
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            pass
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise ExpressionError(f"{name} is a function; expected {name}(...)")
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _refuse_foreign(left, text, depth + 1)
            _refuse_foreign(right, text, depth + 1)
            return
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            _refuse_foreign(operand, text, depth + 1)
            return
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            if len(args) != _ARITY[name]:
                raise ExpressionError(
                    f"{name} has {len(args)} arguments in {shown(text)}; expected {_ARITY[name]}"
                )
            for argument in args:
                _refuse_foreign(argument, text, depth + 1)
            return
    part = ast.get_source_segment(text.strip(), node) or text
    power = "** for a power instead of ^: " if "^" in part else ""
    raise ExpressionError(
        f"{shown(part)} is not allowed in an expression; expected {power}{ALLOWED}"
    )


def number(text: str) -> float:
    """Compute arithmetic without names, such as ``1/1.5``.

    Raises
    ------
    ExpressionError
        If it uses a name or has no finite value.
    """
    expression = parse(text)
    if expression.names:
        raise ExpressionError(
            f"{shown(text)} uses the name {expression.names[0]!r}; expected a number or arithmetic "
            "such as 1/1.5"
        )
    return float(expression.compute({}))


def in_order(expressions: Mapping[str, Expression]) -> tuple[str, ...]:
    """Order calculated parameters so that each comes after those it uses.

    Raises
    ------
    CircleError
        If they depend on one another in a circle; the message shows the circle.
    """
    uses = {
        name: [used for used in expression.names if used in expressions]
        for name, expression in expressions.items()
    }
    try:
        return tuple(TopologicalSorter(uses).static_order())
    except CycleError as error:
        raise CircleError(tuple(reversed(error.args[1]))) from None
