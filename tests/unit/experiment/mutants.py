"""Experiments with one mistake each, made systematically from valid ones."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.unit.experiment.samples import Sections

Location = tuple[str | int, ...]

WRONG_VALUES: tuple[Any, ...] = (
    "no such thing",
    "",
    [],
    ["x", {"y": 1}],
    {"z": 1},
    None,
    True,
    -1,
    0,
    2.5,
    10**400,
    1e9,
    float("nan"),
    float("inf"),
    "__import__('os').system('x')",
    "2024-13-01",
)

FOREIGN_NAMES = ("S", "beta", "Rt", "US-MA", "S_to_I", "I_total", "start_date", "eigenvalue", "exp")


@dataclass(frozen=True)
class Mutant:
    """A valid experiment with one change.

    Attributes
    ----------
    location
        Of the change, before it.
    sections
        The experiment.
    words
        A message about the change names one of them, or its key does.
    """

    location: Location
    sections: Sections
    words: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.location))


def places(data: Any, location: Location = ()) -> Iterator[Location]:
    """Yield the location of everything in an experiment, the sections apart."""
    children = data.items() if isinstance(data, dict) else enumerate(data)
    for part, value in children:
        if location:
            yield (*location, part)
        if isinstance(value, dict | list):
            yield from places(value, (*location, part))


def at(sections: Sections, location: Location) -> Any:
    """Return what stands at a location."""
    found: Any = sections
    for part in location:
        found = found[part]
    return found


def key_of(location: Location) -> str:
    """Return the key that a location belongs to: the list's, for an item of a list."""
    return next(part for part in reversed(location) if isinstance(part, str))


def _copy(sections: Sections, location: Location) -> tuple[Sections, Any]:
    """Return a copy, and in it what holds the location."""
    copied = deepcopy(sections)
    return copied, at(copied, location[:-1])


def replaced(sections: Sections, location: Location, value: Any) -> Mutant:
    """Put a value in the place of another."""
    old = at(sections, location)
    copied, home = _copy(sections, location)
    home[location[-1]] = value
    shown = [each for each in (old, value, *_keys_in(value)) if isinstance(each, str) and each]
    return Mutant(location, copied, (key_of(location), *shown))


def _keys_in(value: Any) -> Iterator[str]:
    """Yield the keys of a value: one that is no text to YAML is refused before all else."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for inner in value if isinstance(value, list) else []:
        yield from _keys_in(inner)


def dropped(sections: Sections) -> Iterator[Mutant]:
    """Leave out each key, and each item of a list."""
    for location in places(sections):
        old = at(sections, location)
        copied, home = _copy(sections, location)
        del home[location[-1]]
        shown = [old] if isinstance(old, str) else _names_in(old)
        if location[-2] in ("parameters", "compartments"):
            shown.append(str(location[-2]))  # the last of the names that a user chose is gone
        yield Mutant(location, copied, (key_of(location), *shown))


def _names_in(value: Any) -> list[str]:
    """Return what others refer to in an entry that is gone."""
    return [str(value[key]) for key in ("id", "type") if isinstance(value, dict) and key in value]


def misspelt(sections: Sections) -> Iterator[Mutant]:
    """Leave out a letter of each key and swap two, or add one and change their case."""
    for number, location in enumerate(places(sections)):
        key = location[-1]
        if not isinstance(key, str):
            continue
        spellings = (key[:1] + key[2:], key[:-2] + key[:-3:-1], f"{key}s", key.swapcase())
        for spelling in sorted({*_some(spellings, 2, number)} - {key, ""}):
            copied, home = _copy(sections, location)
            if spelling in home:
                continue
            home[spelling] = home.pop(key)
            yield Mutant(location, copied, (key, spelling))


def retyped(sections: Sections) -> Iterator[Mutant]:
    """Put values of another kind, or out of range, in each place: some here, others there."""
    for number, location in enumerate(places(sections)):
        for value in _some(WRONG_VALUES, 3, number):
            if value is not at(sections, location):
                yield replaced(sections, location, value)


def _some(choices: Sequence[Any], count: int, turn: int) -> Iterator[Any]:
    """Yield as many of the choices, going on at the next turn where the last one ended."""
    return (choices[(turn * count + offset) % len(choices)] for offset in range(count))


def crossed(sections: Sections) -> Iterator[Mutant]:
    """Put a name of something else in the place of each text."""
    for number, location in enumerate(places(sections)):
        old = at(sections, location)
        if isinstance(old, str):
            for name in _some(FOREIGN_NAMES, 3, number):
                if name != old:
                    yield replaced(sections, location, name)


def doubled(sections: Sections) -> Iterator[Mutant]:
    """Repeat each item of a list at its end."""
    for location in places(sections):
        if isinstance(location[-1], int):
            copied, home = _copy(sections, location)
            home.append(deepcopy(home[location[-1]]))
            old = at(sections, location)
            shown = [old] if isinstance(old, str) else _names_in(old)
            yield Mutant(location, copied, (key_of(location), *shown))


def foreign(sections: Sections) -> Iterator[Mutant]:
    """Add a key that no mapping has."""
    for location in [(role,) for role in sections] + list(places(sections)):
        if isinstance(at(sections, location), dict):
            copied = deepcopy(sections)
            at(copied, location)["zzz"] = 1
            yield Mutant((*location, "zzz"), copied, ("zzz",))


KINDS = {
    "dropped": dropped,
    "misspelt": misspelt,
    "retyped": retyped,
    "crossed": crossed,
    "doubled": doubled,
    "foreign": foreign,
}
