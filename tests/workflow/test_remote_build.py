"""With `build: remote`, inputs come from a job that sees a bundle and nothing else."""

from tests.workflow.workspace import Workspace


def inputs(workspace: Workspace, run_id: str) -> dict[str, bytes]:
    folder = workspace.folder / "results" / "small" / run_id / "builder-artifacts"
    return {path.name: path.read_bytes() for path in folder.glob("input_*.pkl")}


def test_inputs_are_those_of_a_local_build_and_are_built_only_when_needed(finished: Workspace):
    done = finished.run("--until", "build_inputs", build="remote", run_id="remote")

    assert done.code == 0, done.text
    assert done.jobs == {"bundle_experiment": 1, "build_inputs": 1}
    assert inputs(finished, "remote") == inputs(finished, "main")
    assert len(inputs(finished, "remote")) == 2
    assert "build_inputs" not in finished.plan(build="remote", run_id="remote").jobs
