"""Make ids for runs: one for each start with ``run_id=auto``."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

AUTO = "auto"
"""Value of ``run_id`` in settings that asks for a new id."""

LATEST = "latest"
"""Name of the newest finished run of an experiment, in commands that look at runs."""

NOTHING_TO_REPORT = (
    "--report with run_id=auto: a new run has nothing to report; expected the id of a finished "
    "run: add --config run_id=<id>. `epyflow runs` lists the ids, and the file "
    "results/<exp_id>/latest names the newest"
)

_ASKS = re.compile(rf"(?P<key>(?:.*=)?run_id=)(['\"]?){AUTO}\2")


def new_stamp(moment: datetime, digits: str) -> str:
    """Return ``YYYYMMDD-HHMMSS-<digits>``, in UTC: in the order of time, and a folder's name."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{digits}"


def new_run_id() -> str:
    """Return the id of a run that starts now, with 8 random hexadecimal digits."""
    return new_stamp(datetime.now(UTC), secrets.token_hex(4))


def reports_only(command: Sequence[str]) -> bool:
    """Return whether a command of Snakemake makes a report of what is there, and runs nothing."""
    asks = any(part.partition("=")[0] == "--report" for part in command)
    return asks and "--report-after-run" not in command


def name_run(arguments: Sequence[str], run_id: str) -> list[str]:
    """Return ``KEY=VALUE`` texts with an id in place of ``auto``; without the key, at the end."""
    named = [_ASKS.sub(rf"\g<key>{run_id}", text) for text in arguments]
    return named if named != list(arguments) else [*named, f"run_id={run_id}"]


def resume_command(command: Sequence[str], run_id: str) -> list[str]:
    """Return the command line that resumes the run which a command with ``auto`` started.

    Parameters
    ----------
    command
        The command line of Snakemake; ``auto`` may also be in a file of settings.
    run_id
        The id of the run.
    """
    asks = any(map(_ASKS.fullmatch, command))
    places = [i + 1 for i, part in enumerate(command) if part in ("--config", "-C")]
    if asks or not places:
        given = [] if asks else ["--config"]
        return name_run([*command, *given], run_id)
    # A second --config would replace the first.
    return [*command[: places[-1]], f"run_id={run_id}", *command[places[-1] :]]
