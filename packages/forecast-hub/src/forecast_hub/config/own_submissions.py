"""Find the newest submissions of the hub itself: of its ensemble and its baseline."""

import re
from collections.abc import Mapping
from pathlib import Path

from forecast_hub.limited_files import SUFFIXES

_OWN_MODEL = re.compile(r"(hub_?)?(ensemble|baseline)(_[a-z0-9]+)?", re.IGNORECASE | re.ASCII)
_MOST_MODELS, _FILES_OF_A_MODEL, _MOST_BYTES = 4, 2, 100_000_000

MOST_FILES = _MOST_MODELS * _FILES_OF_A_MODEL
"""Submissions that are found, at most."""


def find_own_submissions(folder: Path) -> list[Path]:
    """Return the newest files of the hub's ensemble and baseline models.

    They are of one team, the hub itself. Of several teams with a model of such a name, it is the
    one that has both an ensemble and a baseline, else one with "hub" in its name; if that does not
    single one out, there are none.

    Parameters
    ----------
    folder
        The hub's folder of submissions; it may be missing.
    """
    if not folder.is_dir():
        return []
    by_team: dict[str, list[Path]] = {}
    for each in sorted(folder.iterdir()):
        team, _, model = each.name.partition("-")
        if each.is_dir() and _OWN_MODEL.fullmatch(model):
            by_team.setdefault(team, []).append(each)
    models = _of_the_hub(by_team)
    found = []
    for model_folder in models[:_MOST_MODELS]:
        files = [
            each
            for each in model_folder.iterdir()
            if each.name.endswith(SUFFIXES)
            and each.is_file()
            and each.stat().st_size <= _MOST_BYTES
        ]
        found += sorted(files, key=lambda each: each.name)[-_FILES_OF_A_MODEL:]
    return found


def _of_the_hub(by_team: Mapping[str, list[Path]]) -> list[Path]:
    """Return the models of the one team that is the hub; none if that cannot be told."""
    both = [
        team
        for team, models in by_team.items()
        if {"ensemble", "baseline"} <= {_kind(model.name) for model in models}
    ]
    named = [
        team
        for team, models in by_team.items()
        if "hub" in team.lower() or any("hub" in model.name.lower() for model in models)
    ]
    for teams in (list(by_team), both, named):
        if len(teams) == 1:
            return by_team[teams[0]]
    return []


def _kind(name: str) -> str:
    return "baseline" if "baseline" in name.lower() else "ensemble"
