"""Say whether the hub would accept a submission, from the findings of its checks."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError


def confirm_accepted(findings: Path) -> None:
    """Raise if the hub would refuse a submission.

    Parameters
    ----------
    findings
        From :func:`epyflow.submission.submission_output.check_submission`.

    Raises
    ------
    EpyflowError
        With every error and the rows that it is about.
    """
    check_findings(json.loads(findings.read_text(encoding="utf-8")), str(findings))


def check_findings(content: Mapping[str, Any], path: str) -> None:
    """Raise as :func:`confirm_accepted` does, for findings that were read from a path."""
    if content["accepted"]:
        return
    errors = [each for each in content["messages"] if each.startswith("error: ")]
    number = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
    lines = "\n".join(f"  {each}" for each in errors)
    raise EpyflowError(
        f"{content['file']}: the hub would refuse it ({number}); the findings are in "
        f"{path}:\n{lines}"
    )


def verdict_in_words(found: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence whether the hub would accept submissions, given what its checks find."""
    if len(found) > 1:
        accepted = sum(each["accepted"] for each in found)
        return f"{found[0]['hub']} would accept {accepted} of {len(found)} submissions."
    (each,) = found
    answer = "would accept" if each["accepted"] else "would refuse"
    rows = f"{each['rows']} row{'' if each['rows'] == 1 else 's'}"
    return f"{each['hub']} {answer} {each['file']} with {rows}, by its own checks."
