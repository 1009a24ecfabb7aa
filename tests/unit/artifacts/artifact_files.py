"""Artifacts for the tests of their files."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Member
from epyflow.errors import ArtifactError


def same(one, other):
    """Equal in type and value, all the way down; NaN equals NaN, 1 is not 1.0."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and equal_bytes(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return np.float64(one).tobytes() == np.float64(other).tobytes()
    return one == other


def equal_bytes(one, other):
    return one.tobytes() == other.tobytes()


def written(artifact, folder):
    path = folder / "artifact.pkl"
    pickling.write(artifact, path)
    return path.read_bytes()


def member(**changes):
    values = {"primary_id": 0, "index": 0, "parameters": {}, "compartments": {}}
    return Member(**{**values, "start_date": None, **changes})


def refusal(data, folder, ending="Delete it and run again.", read=pickling.read_input):
    path = folder / "input_00007.pkl"
    path.write_bytes(data)
    with pytest.raises(ArtifactError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not usable: ")
    assert message.endswith(f" Nothing in it was executed. {ending}")
    return message
