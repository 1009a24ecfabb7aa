"""Write quantities and changes in words for readers."""

import json
import math
from collections.abc import Mapping
from typing import Any


def quantity_in_words(name: str, about: Mapping[str, Any]) -> str:
    """Write the name of a quantity for readers: ``Initial I (share)`` for a compartment ``I``."""
    if name == "start_date_days":
        since = about.get(name, {}).get("reference_date")
        return f"Start (days after {since})" if since else "Start (days)"
    if "initial" in (given := about.get(name, {})):
        return f"Initial {name.removeprefix('init_')} ({given['initial']})"
    return name


def with_named(about: Mapping[str, Any], named: bytes | None = None) -> dict[str, Any]:
    """Add to custom priors the distributions that they returned.

    Parameters
    ----------
    about
        Quantity to its prior, as :mod:`epyflow.run.description` has it.
    named
        The content of ``priors.json``, or None.
    """
    found = json.loads(named) if named else {}
    return {
        name: {**given, **(found.get(name, {}) if "function" in given else {})}
        for name, given in about.items()
    }


def change_in_words(change: float) -> str:
    """Write a change in per cent in few characters, to fit into a tile."""
    if math.isnan(change):
        return "few"
    if change >= 1000:
        return f"×{1 + change / 100:.3g}"
    return f"{change:+.0f}%".replace("-", "−")
