"""``epyflow week`` for four weeks of one experiment, from data to branch, on this machine."""

import re

from tests.workflow.weekly import BRANCHES, ROUNDS, STALE, WEDNESDAYS, Weekly, known_on


def test_three_fetched_weeks_give_three_accepted_submissions_and_a_stale_fourth_runs_nothing(
    workspace, monkeypatch
):
    weekly = Weekly(workspace, monkeypatch)
    files = list(workspace.config.iterdir())
    assert not any(re.search(r"\d{4}-\d\d-\d\d", path.read_text()) for path in files)

    target_data = workspace.folder / "copy" / "target-data" / "time-series.csv"
    target_data.parent.mkdir(parents=True)
    fetch = ("--fetch", "copy", "--fetch-to", "study/common-data/vintages")

    done = []
    for day in WEDNESDAYS:
        target_data.write_text(known_on(day))
        done.append(weekly.week(day, *fetch))
    stale, unfetched = weekly.week(STALE, *fetch), weekly.week(STALE)

    assert [each.exit_code for each in done] == [0, 0, 0], weekly.runs
    assert [each.stdout.strip() for each in done] == BRANCHES
    names = [f"{day}-team-model.csv" for day in ROUNDS]
    paths = [[f"submissions/team-model/{name}"] for name in names]
    assert weekly.branches() == dict(zip(BRANCHES, paths, strict=True))
    for day, branch, name in zip(ROUNDS, BRANCHES, names, strict=True):
        made = workspace.folder / "results" / "small" / day / "hub" / name
        assert weekly.accepts(branch)
        assert weekly.submission(branch) == made.read_text().strip()
        assert made.read_text().splitlines()[1].startswith(day)
    assert (stale.exit_code, unfetched.exit_code) == (1, 1)
    assert "of 2025-02-08, more than 7 days before 2025-02-19" in stale.stderr
    assert "14 days before the reference date 2025-02-22" in unfetched.stderr
    assert len(weekly.runs) == 3

    again = weekly.week(WEDNESDAYS[0], *fetch)

    assert again.stdout.strip() == BRANCHES[0]
    assert "the observations of 2025-01-29 were kept before" in again.stderr
    assert "committed before: " in again.stderr
    # What came since is shown beside the forecast, which is the same.
    assert weekly.runs[-1].jobs.keys() == {"gather_observations", "draw_figures", "finish_run"}
