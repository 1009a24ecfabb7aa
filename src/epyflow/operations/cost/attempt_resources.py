"""Evaluate resources of a profile that depend on the attempt.

Snakemake evaluates a text such as ``'c4d-standard-2' if attempt == 1 else 'c4d-highmem-2'``. This
module parses it and walks the syntax tree: literals, ``attempt``, comparisons, conditional
expressions and ``+ - *``. No other Python is reachable.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def value_at(resource: str | int | float, attempt: int) -> str | int | float:
    """Return a resource's value at an attempt, the first being 1.

    A text that is no expression is returned as it is, as in Snakemake: ``e2-standard-2``.

    Raises
    ------
    ValueError
        If it is another kind of expression.
    """
    if not isinstance(resource, str):
        return resource
    try:
        tree = ast.parse(resource, mode="eval").body
    except SyntaxError:
        return resource
    if not any(isinstance(node, ast.IfExp | ast.Constant) for node in ast.walk(tree)):
        return resource
    if _is_a_name(tree):
        return resource
    found = _value(tree, attempt)
    if not isinstance(found, str | int | float):
        raise ValueError(f"{resource!r} is neither text nor a number")
    return found


def _is_a_name(tree: ast.expr) -> bool:
    """Return whether a text only looks like a difference: ``e2-standard-2``."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names) and names.isdisjoint({"attempt"})


def _value(node: ast.expr, attempt: int) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="attempt"):
            return attempt
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, attempt) else orelse, attempt)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
            return _COMPARED[type(op)](_value(left, attempt), _value(right, attempt))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, attempt), _value(right, attempt))
    raise ValueError(
        f"{ast.unparse(node)!r} cannot be evaluated; expected text, a number, or an "
        "expression such as 'a' if attempt == 1 else 'b'"
    )
