"""Run all checks of a submission."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecast_hub.checks.completeness import (
    check_ids,
    check_output_types,
    check_repeated,
    check_tasks,
)
from forecast_hub.checks.custom_checks import DATES, check_custom, read_custom_checks
from forecast_hub.checks.file_form import (
    check_columns,
    check_format,
    check_name,
    check_place,
    check_types,
)
from forecast_hub.checks.horizon_dates import check_horizon_dates
from forecast_hub.checks.model_metadata import check_metadata
from forecast_hub.checks.permitted_values import check_permitted
from forecast_hub.checks.row_tasks import Rows, match, restrict_to_round
from forecast_hub.checks.samples import check_samples
from forecast_hub.checks.submission_window import check_window
from forecast_hub.checks.value_column import check_numbers, check_order, check_sums
from forecast_hub.config.horizon_rule import NO_RULES
from forecast_hub.config.hub import NA, Hub, Round
from forecast_hub.config.reader import read_hub
from forecast_hub.config.round_calendar import find_round
from forecast_hub.config.sample_numbers import merge_sample_columns
from forecast_hub.config.submission_file import SubmissionFile, read_submission
from forecast_hub.findings import Finding

_CONTENT: tuple[Callable[[Rows], list[Finding]], ...] = (
    check_permitted,
    check_repeated,
    check_output_types,
    check_ids,
    check_tasks,
    check_numbers,
    check_order,
    check_sums,
    check_samples,
)


@dataclass(frozen=True)
class Verdict:
    """The findings of all checks of a submission.

    Attributes
    ----------
    path
        The file.
    hub, round_id
        Names of the hub and of the round; ``round_id`` is None if it is unknown.
    rows
        Number of predictions in the file.
    findings
        Errors first, then warnings, then notes; each in the order of the checks.
    """

    path: Path
    hub: str
    round_id: str | None
    rows: int
    findings: tuple[Finding, ...]

    def count(self, severity: str) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def accepted(self, *, strict: bool = False) -> bool:
        """Whether there is no error and, if ``strict``, no warning."""
        return not self.count("error") and not (strict and self.count("warning"))

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "file": str(self.path),
            "hub": self.hub,
            "round_id": self.round_id,
            "rows": self.rows,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def validate(
    path: Path,
    hub_folder: Path,
    *,
    metadata: Path | None = None,
    locations: Path | None = None,
    now: datetime | None = None,
    horizon_0_days: Mapping[str, int] = NO_RULES,
) -> Verdict:
    """Check a submission as its hub does.

    Parameters
    ----------
    path
        The csv or parquet file.
    hub_folder
        A hub's folder: see :func:`forecast_hub.config.hub_folder.open_folder`.
    metadata
        The model's metadata file; None for the file in the hub's ``model-metadata/``.
    locations
        Table of populations; None for the hub's. Hubs keep those of earlier seasons beside it.
    now
        A time with a time zone, which a note compares with the submission window.
    horizon_0_days
        Target to the days from the round's date to the end of horizon 0, where the hub's folder
        need not be asked for its rule.

    Raises
    ------
    UnreadableError
        If a file is missing or cannot be read.
    HubError
        If the hub's configuration has a mistake.
    """
    hub = read_hub(hub_folder)
    file = read_submission(path)
    findings = [*check_name(file), *check_place(file, hub)]
    round_id = _round_id(file, hub)
    if round_id is None:
        findings.append(
            Finding("round_id_valid", "the round cannot be told; expected it in the name")
        )
        findings += check_columns(file, hub.rounds[-1])
    else:
        round_, unlisted = find_round(hub, round_id)
        findings += [] if unlisted is None else [unlisted]
        findings += [*check_format(file, hub, round_), *check_types(file, hub)]
        if columns := hub.sample_columns.get(round_id):
            file, found = merge_sample_columns(file, columns)
            findings += found
        findings += check_columns(file, round_)
        if set(round_.columns) <= set(file.columns) and len(file.frame):
            places = locations or hub.folder.locations
            listed = unlisted is None
            findings += _content(file, hub, round_, round_id, listed, places, horizon_0_days)
        findings += check_window(hub, round_, round_id, now)
    findings += check_metadata(hub, path, file.name, metadata)
    order = {"error": 0, "warning": 1, "note": 2}
    findings.sort(key=lambda finding: order[finding.severity])
    return Verdict(path, hub.name, round_id, len(file.frame), tuple(findings))


def _round_id(file: SubmissionFile, hub: Hub) -> str | None:
    """Return the round in the file's name, else the most frequent round of the rows."""
    if file.name is not None:
        return file.name.round_id
    for column in dict.fromkeys(each.id_column for each in hub.rounds):
        if column is not None and column in file.frame:
            known = file.frame[column][file.frame[column] != NA]
            if len(known):
                return str(known.mode().iloc[0])
    return None


def _content(
    file: SubmissionFile,
    hub: Hub,
    round_: Round,
    round_id: str,
    listed: bool,
    locations: Path | None,
    horizon_0_days: Mapping[str, int],
) -> list[Finding]:
    only, findings = restrict_to_round(round_, round_id, file, listed=listed)
    rows = match(file, only)
    for check in _CONTENT:
        findings += check(rows)
    custom = read_custom_checks(hub.folder.validations, round_id)
    if not any(check.function == DATES for check in custom):
        findings += check_horizon_dates(rows, hub, round_, horizon_0_days)
    return [*findings, *check_custom(rows, custom, locations)]
