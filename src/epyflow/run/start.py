"""Record the facts about one start of a run that are not part of its plan.

They have a file of their own, so that the plan and all that workers are sent stay the same when an
interrupted run is started again: its running tasks can be taken over then.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from epyflow.files import write_bytes_atomically
from epyflow.run.settings import Settings


@dataclass(frozen=True)
class Start:
    """The facts about one start of a run that are not part of its plan.

    Attributes
    ----------
    sources
        The files of the experiment.
    to_build
        Run to the tasks whose inputs are to be built; without runs that have none.
    hub
        Files of the hub that submissions are made with.
    target_data, others
        Final observations and the other models' submissions, to score against; None
        and empty where nothing is scored.
    command
        The command line.
    started
        Time of the start, ISO 8601 with a time zone.
    experiments
        For a repository of experiments: ``repository``, ``ref``, ``commit``, and the ``folder`` of
        its copy on this machine. None for a folder.
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
    """Write the facts about this start for its local jobs."""
    write_bytes_atomically(settings.start_path, json.dumps(asdict(start), indent=1).encode())


def read_start(settings: Settings, built_remotely: Sequence[int] = ()) -> Start:
    """Read the facts about this start of the run.

    A worker has no such file. It only needs the inputs that a job builds, which are in the plan:
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


def fetched_folder(settings: Settings) -> str | None:
    """Return the folder of the repository's copy that this start reads; None for a folder."""
    path = settings.start_path
    if not path.is_file():
        return None
    experiments = json.loads(path.read_text(encoding="utf-8")).get("experiments")
    return str(experiments["folder"]) if experiments else None
