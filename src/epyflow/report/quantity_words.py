"""Write the priors and sampled distributions of quantities in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from epyflow.figures.wording import quantity_in_words, with_named

_RANGES: Mapping[str, str] = MappingProxyType({"uniform": "uniform", "randint": "a whole number"})
"""Distributions of scipy.stats that are written by their ends."""


def describe_quantities(about: Mapping[str, Any], priors: bytes | None) -> dict[str, Any]:
    """Return the quantities of the report's front page.

    Parameters
    ----------
    about
        Quantity to its distribution, as :mod:`epyflow.run.description` has it.
    priors
        The content of ``priors.json``; None without custom priors.

    Returns
    -------
    words
        ``quantities`` (name and distribution), ``scipy`` (whether distributions are named as in
        scipy.stats).
    """
    known = with_named(about, priors)
    return {
        "quantities": [
            (quantity_in_words(name, about), distribution_in_words(given))
            for name, given in known.items()
        ],
        "scipy": any(each.get("name", "uniform") not in _RANGES for each in known.values()),
    }


def distribution_in_words(given: Mapping[str, Any]) -> str:
    """Write a prior or a sampled distribution: ``uniform from 1 to 2``, ``one of 0.8, 1.5``."""
    if "values" in given:
        return "one of " + ", ".join(f"{value:g}" for value in given["values"])
    if "range" in given:
        return f"from {given['range'][0]:g} to {given['range'][1]:g}"
    own = (
        f"{given['function']}(), a custom function of the experiment" if "function" in given else ""
    )
    if "name" not in given:
        return own
    if given["name"] in _RANGES and (ends := _ends(given)):
        words = f"{_RANGES[given['name']]} from {ends[0]:g} to {ends[1]:g}"
        return f"{words}, from {own}" if own else words
    arguments = [f"{value:g}" for value in given["args"]]
    arguments += [f"{key}={value:g}" for key, value in given["kwargs"].items()]
    words = f"{given['name']}({', '.join(arguments)})"
    return f"{words}, from {own}" if own else words


def _ends(given: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the smallest and the largest value of ``uniform`` or ``randint`` of scipy.stats."""
    whole = given["name"] == "randint"
    names = ("low", "high", "loc") if whole else ("loc", "scale")
    written = dict(zip(names, given["args"], strict=False)) | given["kwargs"]
    if whole:
        if not written.keys() >= {"low", "high"}:
            return None
        start = written.get("loc", 0)
        return start + written["low"], start + written["high"] - 1
    start = written.get("loc", 0)
    return start, start + written.get("scale", 1)
