"""What one start of a run knows beside the plan.

It lies in a file of its own, so that the plan, and with it all that workers are sent, is the same
when an interrupted run is started again: its tasks can be taken over then.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from epyflow.files import write_bytes_atomically
from epyflow.run.settings import Settings


@dataclass(frozen=True)
class Start:
    """What one start of a run knows beside the plan.

    Attributes
    ----------
    sources
        The files of the experiment.
    to_build
        Run to the tasks whose inputs are to be built; runs without any are not there.
    hub
        The files of the hub that submissions are for.
    target_data, others
        What was observed in the end, and the other models' submissions, to score against; None
        and empty where nothing is scored.
    command
        The command line.
    started
        When, as ISO 8601 with a time zone.
    experiments
        Of a repository of experiments: ``repository``, ``ref``, ``commit``, and the ``folder`` of
        its copy on this machine. None where they are in a folder.
    """

    sources: tuple[str, ...] = ()
    to_build: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    hub: tuple[str, ...] = ()
    target_data: str | None = None
    others: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    started: str = ""
    experiments: Mapping[str, str] | None = None


def write_start(start: Start, settings: Settings) -> None:
    """Write what this start of a run knows, for its local jobs."""
    write_bytes_atomically(settings.start_path, json.dumps(asdict(start), indent=1).encode())


def read_start(settings: Settings, built_remotely: Sequence[int] = ()) -> Start:
    """Read what this start of the run knows.

    A worker has no such file. All that it has to know is in the plan: which inputs a job builds,
    :attr:`epyflow.run.plan.Plan.built_remotely`.
    """
    path = settings.start_path
    if not path.is_file():
        remote = tuple(built_remotely)
        return Start(to_build={settings.run_id: remote} if remote else {})
    content = json.loads(path.read_text(encoding="utf-8"))
    return Start(
        sources=tuple(content["sources"]),
        to_build={run: tuple(tasks) for run, tasks in content["to_build"].items()},
        hub=tuple(content["hub"]),
        target_data=content["target_data"],
        others=tuple(content["others"]),
        command=tuple(content["command"]),
        started=content["started"],
        experiments=content.get("experiments"),
    )


def fetched_at_start(settings: Settings) -> str | None:
    """Return the folder of the repository's copy that this start of the run reads, if any."""
    path = settings.start_path
    if not path.is_file():
        return None
    experiments = json.loads(path.read_text(encoding="utf-8")).get("experiments")
    return str(experiments["folder"]) if experiments else None
