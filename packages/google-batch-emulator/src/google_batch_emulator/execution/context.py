"""Hold the parts of the emulator that every task attempt uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from google_batch_emulator.execution.barriers import Barriers
from google_batch_emulator.execution.file_system_view import View
from google_batch_emulator.execution.spec import Bind
from google_batch_emulator.logbook import Logbook
from google_batch_emulator.settings import Settings


@dataclass(frozen=True)
class Context:
    """What every attempt needs to run.

    Parameters
    ----------
    settings
        As the emulator was started.
    isolation
        "namespaces", "user-namespaces" or "none".
    folder
        Where the file systems of the tasks are.
    host
        View that scripts and unknown images run in.
    images
        Views of the images that are known.
    environment
        Variables of the emulator that a task finds, as from a metadata server.
    credentials
        The files that these variables name.
    secrets
        Values of secrets by version name.
    logbook
        Where output goes.
    barriers
        Where the tasks of a job wait for one another.
    """

    settings: Settings
    isolation: str
    folder: Path
    host: View
    images: Mapping[str, View]
    environment: Mapping[str, str]
    credentials: tuple[Bind, ...]
    secrets: Mapping[str, str]
    logbook: Logbook
    barriers: Barriers
