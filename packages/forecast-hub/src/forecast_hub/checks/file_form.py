"""Check the name, folder, format and columns of a submission."""

import re
from collections import Counter
from typing import Any

from forecast_hub.config.hub import ColumnType, Hub, Round
from forecast_hub.config.submission_file import SubmissionFile
from forecast_hub.findings import Finding, cap_findings
from forecast_hub.suggestions import did_you_mean, listed

# The arrow types that fit a column of each type.
_ARROW_TYPES: dict[ColumnType, str] = {
    "character": r"(large_)?string|string_view",
    "double": r"double|float",
    "integer": r"u?int(8|16|32|64)",
    "logical": r"bool",
    "Date": r"date(32\[day\]|64\[ms\])",
}


def check_name(file: SubmissionFile) -> list[Finding]:
    """Check that the file's name has a round, a team and a model."""
    if file.name is not None:
        return []
    return [
        Finding(
            "file_name",
            f"file name {file.path.name!r} cannot be split; expected <round>-<team>-<model>"
            f".{file.format}, such as 2025-01-18-team-model.{file.format}, with letters, "
            "digits and _ in team and model",
        )
    ]


def check_place(file: SubmissionFile, hub: Hub) -> list[Finding]:
    """Check that a file in the hub's model output is in its model's folder."""
    if file.name is None:
        return []
    folder = file.path.resolve().parent
    submissions = (hub.folder.root / hub.model_output).resolve()
    right = submissions / file.name.model_id
    if folder == right:
        return []
    expected = f"{hub.model_output}/{file.name.model_id}/{file.path.name}"
    if submissions in (folder, *folder.parents):
        message = f"the file is in {folder.relative_to(submissions.parent)}; expected {expected}"
        return [Finding("file_location", message)]
    return [Finding("file_location", f"submit the file as {expected}", "note")]


def check_format(file: SubmissionFile, hub: Hub, round_: Round) -> list[Finding]:
    """Check that the hub accepts the file's format."""
    formats = round_.formats or hub.formats
    if file.format in formats:
        return []
    message = f"the file is {file.format}; expected {' or '.join(formats)}"
    return [Finding("file_format", message)]


def check_columns(file: SubmissionFile, round_: Round) -> list[Finding]:
    """Check that the file has the round's columns, in any order, and at least one row."""
    given, expected = Counter(file.columns), list(round_.columns)
    findings = cap_findings(
        [
            Finding("colnames", f"column {name!r} is there {times} times; expected it once")
            for name, times in given.items()
            if times > 1
        ]
    )
    if missing := [name for name in expected if name not in given]:
        message = f"no column {listed(missing)}; expected {listed(expected)}"
        findings.append(Finding("colnames", message))
    others = []
    for name in (name for name in given if name not in expected):
        message = f"column {name!r} is none of the hub's{did_you_mean(name, missing)}; expected"
        others.append(Finding("colnames", f"{message} only {listed(expected)}"))
    findings += cap_findings(others)
    if not len(file.frame):
        message = "the file has no rows; expected a row for each prediction"
        findings.append(Finding("file_rows", message))
    return findings


def check_types(file: SubmissionFile, hub: Hub) -> list[Finding]:
    """Check the column types of a parquet file; a csv file has none."""
    findings = []
    for name, given in file.arrow_types.items():
        expected = hub.types.get(name)
        if expected is not None and not _fits(given, expected):
            message = f"column {name} is of type {given}; expected {_IN_WORDS[expected]}"
            findings.append(Finding("col_types", message, unit=file.unit))
    return findings


_IN_WORDS: dict[ColumnType, str] = {
    "character": "string",
    "double": "double",
    "integer": "int32 or int64",
    "logical": "bool",
    "Date": "date32",
}


def _fits(given: Any, expected: ColumnType) -> bool:
    return re.fullmatch(_ARROW_TYPES[expected], str(given)) is not None
