from made_up_hubs import submission, tasks, write_hub, write_submission
from typer.testing import CliRunner

from epyflow.cli import app


def test_hub_validate_is_the_command_of_forecast_hub(tmp_path):
    hub = write_hub(tmp_path, tasks())
    path = write_submission(hub, submission())

    done = CliRunner().invoke(app.app, ["hub", "validate", str(path), "--hub", str(hub)])
    refused = CliRunner().invoke(app.app, ["hub", "validate", str(path), "--hub", "nowhere"])

    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == (
        f"{path}: accepted (0 errors, 0 warnings) for round 2026-03-02 of Made-up hub; 31 rows"
    )
    assert refused.exit_code == 2
    assert "nowhere: no such folder; expected the folder of a hub" in refused.stderr
