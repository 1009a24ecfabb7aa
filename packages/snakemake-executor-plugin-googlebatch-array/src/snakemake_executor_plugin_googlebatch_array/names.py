"""Make names and labels that Google Batch accepts and that are unique.

Job ids: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs/create,
"jobId": at most 63 lower-case letters, digits and hyphens, beginning with a letter.
Labels: https://cloud.google.com/compute/docs/labeling-resources#requirements.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

from .errors import SettingError

LONGEST = 63
"""Characters in a job id, a label's key or a label's value."""

MOST_LABELS = 61
"""Labels on the VMs of a job, besides Google's own; the job itself may have 63.

Source: Batch, "Organize resources using labels"
(https://cloud.google.com/batch/docs/organize-resources-using-labels).
"""

_DIGEST = 20
"""Hexadecimal digits in a job id: 80 bits. At a million jobs a collision has odds of 1 : 10¹²."""
_RULE = 30
_RESERVED = ("goog-", "google-")


def digest(*parts: str) -> str:
    """Return the SHA-256 of the parts, in hexadecimal; no two lists of parts share a text."""
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def job_id(rule: str, attempt: int, keys: Iterable[str], *more: str, again: int = 0) -> str:
    """Return the id of the Batch job that runs these tasks.

    The id follows from the arguments alone: a CreateJob whose answer was lost is repeated under
    the same id, and cannot start the work twice.

    Parameters
    ----------
    rule
        Name of the rule or group; only makes the id readable.
    attempt
        Snakemake's count of tries, from 1.
    keys
        One key per task, in any order.
    more
        What else tells jobs apart: the run, the provisioning.
    again
        Raised when the id is taken by a finished job of an earlier run.
    """
    ending = f"-a{attempt}-{digest(rule, str(attempt), *more, *sorted(keys))[:_DIGEST]}"
    if again:
        ending += f"-r{again}"
    return _slug(rule)[:_RULE].rstrip("-") + ending


def label_value(text: str) -> str:
    """Make a valid label value: lower-case, other characters as hyphens, at most 63."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LONGEST]


def label_key(text: str) -> str:
    """Make a valid label key: as a value, beginning with a letter, not one of Google's own."""
    key = label_value(text)
    if not key[:1].isalpha() or key.startswith(_RESERVED):
        key = f"x-{key}"[:LONGEST]
    return key


def parse_labels(text: str) -> dict[str, str]:
    """Read ``key=value,key=value`` and make each label valid.

    Raises
    ------
    SettingError
        If a label has no ``=`` or no key.
    """
    labels: dict[str, str] = {}
    for item in filter(None, (each.strip() for each in text.split(","))):
        key, sign, value = item.partition("=")
        if not sign or not key.strip():
            raise SettingError(f"Label {item!r} is not of the form key=value, as in stage=test.")
        labels[label_key(key.strip())] = label_value(value.strip())
    return labels


def merge_labels(own: Mapping[str, str], users: Mapping[str, str]) -> dict[str, str]:
    """Join labels; ours win, because adoption after a restart looks for them.

    Raises
    ------
    SettingError
        If there are more than Google Batch allows. Dropping some would hide costs.
    """
    labels = {**users, **own}
    if len(labels) > MOST_LABELS:
        raise SettingError(
            f"{len(labels)} labels, of which {len(own)} are the executor's; "
            f"Google Batch allows {MOST_LABELS} on VMs. Remove some of googlebatch-array-labels."
        )
    return labels


def _slug(rule: str) -> str:
    """Turn a rule's name into the beginning of a job id."""
    slug = re.sub(r"[^a-z0-9]+", "-", rule.lower()).strip("-")
    # Rules without a name are numbered; an id begins with a letter.
    return slug if slug[:1].isalpha() else f"rule-{slug}".rstrip("-")
