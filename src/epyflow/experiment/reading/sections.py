"""Validate one section of an experiment, and go on after misspelt keys to find all mistakes."""

import copy
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from epyflow.experiment.reading.key_paths import keys_at, tags_at
from epyflow.experiment.reading.problems import Problem, problem_at
from epyflow.experiment.reading.validation_messages import in_words
from epyflow.experiment.reading.yaml_source import Document, KeyPath
from epyflow.strict import shown
from epyflow.suggest import did_you_mean, listed, nearest

Section = TypeVar("Section", bound=BaseModel)

# Optional keys that no check of other sections reads.
_ALONE = ("delta_t", "label", "meta", "model_meta", "random_seed")
_ALONE_AT_THE_TOP = "simulation"  # below, it names the series of a comparison or a target


def read_section(
    document: Document, role: str, model: type[Section], problems: list[Problem]
) -> tuple[Document, Section | None]:
    """Validate a document's section; add what is wrong to ``problems``.

    Returns
    -------
    document
        The document, with the lines of misspelt keys under the valid names too.
    section
        The section, for the checks across sections. None if parts of it are unknown, because
        these checks would report errors that are not there. For these checks a misspelt key is
        read as the nearest valid one, and a wrong value that nothing depends on is left out.
        Nothing runs with such a section: each case adds a problem.
    """
    reading = _Reading(document, role, model)
    while True:
        try:
            section = model.model_validate(reading.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            return reading.document, None if reading.lost else section
        details = [each for each in details if not _follows(each)]
        unknown = [each for each in details if each["type"] == "extra_forbidden"]
        for each in unknown:
            reading.leave_out(each, problems)
        if unknown:
            continue
        problems.extend(reading.problem(each) for each in details)
        if not reading.forget(details):
            return reading.document, None


def _depth(location: KeyPath) -> int | None:
    """Return the length of the path to the key that can be left out; None without one."""
    if location[:1] == (_ALONE_AT_THE_TOP,):
        return 1
    return next((i for i, part in enumerate(location, 1) if part in _ALONE), None)


def _follows(details: ErrorDetails) -> bool:
    """Return whether a list is too short only because its items are wrong, which is told."""
    return details["type"] == "too_short" and bool(details["input"])


class _Reading:
    """A section as it is read so far; each unknown key that is found is renamed or left out.

    Attributes
    ----------
    data
        The section's values.
    document
        The file, with the lines of renamed keys.
    lost
        Whether a key was left out that other sections may refer to.
    """

    def __init__(self, document: Document, role: str, model: type[BaseModel]) -> None:
        self.document = replace(document, lines=dict(document.lines))
        self.data: Any = copy.deepcopy(document.data[role])
        self.lost = False
        self._renamed: set[KeyPath] = set()
        self._role = role
        self._model = model

    def problem(self, details: ErrorDetails) -> Problem:
        """Return a problem: an error in terms of YAML, with its line and key."""
        location = self._location(details)
        return self._problem_at(location, self._message(details, location))

    def leave_out(self, details: ErrorDetails, problems: list[Problem]) -> None:
        """Leave out an unknown key, or read it as the nearest valid one; add a problem."""
        *way, key = location = self._location(details)
        home = self._home(tuple(way))
        if not isinstance(home, dict) or key not in home:
            return  # an unknown key beside it looks like a tag; it is found when that key is gone
        name, valid = str(key), keys_at(self._model, tuple(way), self.data)
        value = home.pop(key)
        if value is None:
            message = f"has no value and no effect{did_you_mean(name, valid)}"
            problems.append(replace(self._problem_at(location, message), severity="warning"))
            return
        if location not in self._renamed:
            expected = f"one of {listed(valid)}" if valid else "no key here"
            message = f"unknown key {name!r}{did_you_mean(name, valid)}; expected {expected}"
            problems.append(self._problem_at(location, message))
            meant = next(iter(nearest(name, [each for each in valid if each not in home])), None)
            if meant is not None:
                home[meant] = value
                self._renamed.add((*way, meant))
                self._add_alias((self._role, *location), meant)
                return
        self.lost = self.lost or isinstance(value, dict | list)

    def forget(self, errors: list[ErrorDetails]) -> bool:
        """Leave out wrong values, if nothing depends on them; return whether that was done."""
        locations = [self._location(each) for each in errors]
        ends = [_depth(location) for location in locations]
        if any(end is None for end in ends):
            return False
        for location in {each[:end] for each, end in zip(locations, ends, strict=True)}:
            self._home(location[:-1]).pop(location[-1], None)
        return True

    def _home(self, location: KeyPath) -> Any:
        home = self.data
        for part in location:
            home = home[part]
        return home

    def _problem_at(self, location: KeyPath, message: str) -> Problem:
        return problem_at(self.document, (self._role, *location), message)

    def _location(self, details: ErrorDetails) -> KeyPath:
        """Return the key path of an error, without the tags of unions and ``[key]`` of pydantic."""
        missing = details["type"] == "missing"
        kept: KeyPath = ()
        home: Any = self.data
        for part in details["loc"][:-1] if missing else details["loc"]:
            if part in (range(len(home)) if isinstance(home, list) else home):
                kept, home = (*kept, part), home[part]
            if not isinstance(home, dict | list):
                break
        return (*kept, details["loc"][-1]) if missing else kept

    def _message(self, details: ErrorDetails, location: KeyPath) -> str:
        kind = details["type"]
        if kind == "missing":
            there = self.document.has((self._role, *location))
            return f"{'empty' if there else 'missing'}; expected a value for {location[-1]!r}"
        if kind not in ("union_tag_invalid", "union_tag_not_found"):
            return in_words(details)
        key = str(details["ctx"]["discriminator"]).strip("'")
        tags = tags_at(self._model, location, self.data)
        if not isinstance(details["input"], dict):
            return f"{in_words({**details, 'type': 'dict_type'})} with the key {key!r}"
        if kind == "union_tag_not_found":
            return f"{key!r} is missing; expected {key}: one of {listed(tags)}"
        found = str(details["ctx"]["tag"])
        return f"{key} is {shown(found)}{did_you_mean(found, tags)}; expected one of {listed(tags)}"

    def _add_alias(self, location: KeyPath, name: str) -> None:
        """Record the lines of a key, and of all keys below it, under another name too."""
        depth = len(location)
        for key_path, line in list(self.document.lines.items()):
            if key_path[:depth] == location:
                self.document.lines[*location[:-1], name, *key_path[depth:]] = line
