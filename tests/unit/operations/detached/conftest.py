from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.google.test_site import VARIABLES
from tests.unit.operations.detached.made_up_coordinator import CODE, JOB, uploaded

from epyflow.operations.detached import main
from epyflow.operations.detached.supervisor import Stop
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.storage.disk import Disk, SharedFolder


@pytest.fixture
def storage(tmp_path, monkeypatch) -> Disk:
    """What stands for the bucket."""
    (tmp_path / "bucket").mkdir()
    storage = Disk(tmp_path / "bucket")
    monkeypatch.setattr(main, "storage_at", lambda prefix: storage)
    return storage


@pytest.fixture
def shared(storage, tmp_path, monkeypatch) -> SharedFolder:
    """What stands for the bucket, with a lease."""
    shared = SharedFolder(tmp_path / "bucket")
    monkeypatch.setattr(main, "storage_at", lambda prefix: shared)
    return shared


@pytest.fixture
def told(monkeypatch) -> list[dict[str, Any]]:
    """What others were told."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(main, "notify", lambda told, site, say: messages.append(told))
    return messages


@pytest.fixture
def coordinate(tmp_path, storage, monkeypatch) -> Callable[..., int]:
    """Coordinate a run in which Snakemake, once asked, ends as told."""

    def coordinate(
        code: int,
        *,
        packed_by: dict[str, str] = CODE,
        replaced: bool = False,
        replaces: str = "",
        meanwhile: Callable[[], object] = lambda: None,
        **seen: Any,
    ) -> int:
        stop = Stop()

        def supervise(command, folder, environment, *rest: Any) -> int:
            seen.get("seen", {}).update(command=command, environment=environment)
            mark = folder / ".snakemake" / "incomplete" / "mark"
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text("{}")
            meanwhile()
            if replaced:
                stop.ask(REPLACED)
            return code

        monkeypatch.setattr(main, "supervise", supervise)
        variables = VARIABLES | {
            "EPYFLOW_COORDINATOR_JOB": JOB,
            "EPYFLOW_COORDINATOR_HOURS": "2",
            "EPYFLOW_COORDINATOR_PLAN": "12" * 32,
            "EPYFLOW_COORDINATOR_SOURCES": uploaded(storage, tmp_path, packed_by),
            "EPYFLOW_COORDINATOR_REPLACES": replaces,
        }
        monkeypatch.setenv("EPYFLOW_COORDINATOR_JOB", JOB)
        return main.coordinate(tmp_path / "home", variables, stop)

    return coordinate
