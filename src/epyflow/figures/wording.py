"""Write series, quantities and changes in words for readers."""

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from epyflow.data.comparison_names import split_number, terms

_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def series_in_words(name: str, labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Write a series, or a sum of series, in words: ``Susceptible → Infectious, 0–4``.

    Parameters
    ----------
    name
        Such as ``S_to_I_0-4``, or a comparison such as ``A_to_H_total+B_to_H_total#2``.
    labels
        See :func:`epyflow.run.series_labels.label_series`. The label of a total names its age
        groups, too.
    """
    plain, number = split_number(name)
    said = labels.get(plain) or " + ".join(_one_in_words(each, labels) for each in terms(plain))
    return said if number == 1 else f"{said} ({number})"


def _one_in_words(series: str, labels: Mapping[str, str]) -> str:
    name, _, group = series.rpartition("_")
    if series in labels:
        return labels[series]
    people = "all ages" if group == "total" else group.replace("-", "–")
    return f"{labels.get(f'{name}_total') or _moved(name, labels)}, {people}"


def _moved(name: str, labels: Mapping[str, str]) -> str:
    if name in labels:
        return labels[name]
    parts = name.split("_to_")
    # A compartment may have "_to_" in its name: then the known compartments show where to split.
    for cut in range(1, len(parts)):
        source, target = "_to_".join(parts[:cut]), "_to_".join(parts[cut:])
        if len(parts) == 2 or (source in labels and target in labels):
            return f"{labels.get(source, source)} → {labels.get(target, target)}"
    return name


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
