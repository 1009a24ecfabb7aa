"""Check that the arrays of a result or checkpoint fit its names and dates, before they are used."""

import json
from collections.abc import Iterator
from math import prod

import numpy as np

from epyflow.artifacts.fit import Checkpoint, Fit, Generation
from epyflow.artifacts.packed_array import MOST_BYTES, PackedArray
from epyflow.artifacts.task import MemberResult, Result
from epyflow.files import RATIO

_Axes = tuple[int | None, ...]
"""The lengths of an array; None for any length."""

_Field = tuple[str, tuple[int, ...], _Axes]
"""The name of an array, its shape, and what is expected."""


def find_mismatch(artifact: object, size: int) -> str | None:
    """Return what does not fit in an artifact, as the end of a sentence about it; else None.

    Parameters
    ----------
    artifact
        As read; the types of its fields have been checked.
    size
        Bytes of its file, which limits the sum of its arrays when they are decompressed.
    """
    packed = list(_packed(artifact))
    whole = sum(prod(each.shape) * np.dtype(each.dtype).itemsize for each in packed)
    if whole > max(MOST_BYTES, RATIO * size):
        return f"its arrays would have {whole:,} bytes when decompressed"
    for name, shape, axes in _fields(artifact):
        pairs = zip(shape, axes, strict=False)
        if len(shape) != len(axes) or any(length not in (None, found) for found, length in pairs):
            expected = ", ".join("any" if each is None else str(each) for each in axes)
            return f"its {name} has the shape {shape}; expected ({expected})"
    return _find_wrong_reference(artifact)


def _packed(artifact: object) -> Iterator[PackedArray]:
    if isinstance(artifact, Result):
        for member in artifact.members:
            each = (member.compartments, member.transitions, member.reported, member.reproduction)
            yield from (array for array in each if array is not None)
    for generation in _generations(artifact):
        yield generation.series


def _generations(artifact: object) -> tuple[Generation, ...]:
    holder = artifact.fit if isinstance(artifact, Result) else artifact
    return holder.generations if isinstance(holder, Fit | Checkpoint) else ()


def _fields(artifact: object) -> Iterator[_Field]:
    if isinstance(artifact, Result):
        for member in artifact.members:
            yield from _of_member(member, artifact)
        if artifact.fit is not None:
            yield from _of_fit(artifact.fit)
    for generation in _generations(artifact):
        particles = len(generation.distances) if generation.distances.ndim else None
        yield "generation.particles", generation.particles.shape, (particles, None)
        yield "generation.weights", generation.weights.shape, (particles,)
        yield "generation.distances", generation.distances.shape, (particles,)
        yield "generation.series", generation.series.shape, (particles, None, None)


def _of_member(member: MemberResult, result: Result) -> Iterator[_Field]:
    groups, dates = len(result.age_groups), len(member.dates)
    shape = member.compartments.shape
    count = shape[0] if shape else None
    yield "compartments", shape, (count, dates, len(result.compartments), groups)
    yield "transitions", member.transitions.shape, (count, dates, len(result.transitions), groups)
    if member.reported is not None:
        yield "reported", member.reported.shape, (count, dates, None, 1)
    if member.reproduction is not None:
        yield "reproduction", member.reproduction.shape, (count, dates, 1, 1)
    if member.particles:
        yield "particles", (len(member.particles),), (count,)
    for name, persons in member.initial.items():
        yield f"initial.{name}", (len(persons),), (groups,)


def _of_fit(fit: Fit) -> Iterator[_Field]:
    comparisons, dates = len(fit.comparisons), len(fit.observations.dates)
    yield "observations.values", fit.observations.values.shape, (dates, comparisons)
    if fit.observations.visits is not None:
        yield "observations.visits", fit.observations.visits.shape, (dates, comparisons)
    for noise in fit.reporting:
        yield "reporting", (len(noise),), (comparisons,)
    if fit.units:
        yield "units", (len(fit.units),), (comparisons,)
    for generation in fit.generations:
        yield "generation.particles", generation.particles.shape, (None, len(fit.names))
        yield "generation.series", generation.series.shape, (None, dates, comparisons)


def _find_wrong_reference(artifact: object) -> str | None:
    """Return what is wrong with a text of JSON or the number of a generation; else None."""
    fit = artifact.fit if isinstance(artifact, Result) else None
    if fit is None:
        return None
    projected = fit.projected_generation
    if not fit.generations or not 0 <= (projected or 0) < len(fit.generations):
        return f"its projected_generation {projected} is none of its generations"
    try:
        for value in fit.settings.values():
            json.loads(value)
    except (ValueError, RecursionError):
        return "its settings are not JSON"
    return None
