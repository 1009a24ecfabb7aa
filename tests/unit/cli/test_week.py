"""``epyflow week`` with a stand-in for Snakemake, and a local clone of a hub."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from made_up_hubs import tasks, write_hub

from epyflow.errors import EpyflowError
from epyflow.operations.secret_variables import (
    GIT_TOKENS,
    NOTIFICATION_SECRETS,
    SECRETS,
    SERVER_TOKENS,
)
from epyflow.operations.target_data import nhsn
from epyflow.operations.week.hub_branch import Forecast, commit_submission
from epyflow.submission.hub_definitions import define_tasks
from tests.running import running
from tests.unit.cli.fetching import Server, row
from tests.unit.cli.weekly_hub import branches, git, of
from tests.unit.experiment.samples import VINTAGES


def test_three_weeks_give_three_branches_without_an_edit_and_a_fourth_is_stale(clone, snakemake):
    done = [of(day) for day in VINTAGES]
    stale = of("2025-02-05")

    assert [each.exit_code for each in done] == [0, 0, 0], done[0].stderr
    dates = ["2025-01-18", "2025-01-25", "2025-02-01"]
    names = [f"team-model-{day}" for day in dates]
    assert [each.stdout.strip() for each in done] == names
    assert branches(clone) == ["main", *names]
    for day, name in zip(dates, names, strict=True):
        file = f"model-output/team-model/{day}-team-model.csv"
        assert git(clone, "diff", "--name-only", "main", name) == file
        assert git(clone, "show", f"{name}:{file}") == f"reference_date\n{day}"
    assert stale.exit_code == 1
    assert "they end on 2025-01-25, 14 days before the reference date 2025-02-08" in stale.stderr
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "worktree", "list").count("\n") == 0


def test_a_week_that_is_repeated_makes_no_second_commit(clone, snakemake):
    first, again = of("2025-01-15"), of("2025-01-15")

    assert first.stdout == again.stdout
    assert "committed before: " in again.stderr
    assert git(clone, "rev-list", "--count", "main..team-model-2025-01-18") == "1"


def test_a_week_ends_with_the_lines_of_a_run_and_the_warnings_of_its_report(clone, snakemake):
    snakemake.warnings = ["The median misses.", "Calibration has not converged."]

    done = [of("2025-01-15", "--report", "r.zip") for _ in range(2)]

    assert done[0].stdout == "team-model-2025-01-18\n"
    for each in done:
        assert each.stderr.splitlines()[-6:-1] == [
            "Submission  results/sample/2025-01-18/hub/2025-01-18-team-model.csv: A hub would "
            "accept 2025-01-18-team-model.csv with 1 row, by its own checks.",
            "Warnings    2 on the first page of the report:",
            "            The median misses.",
            "            Calibration has not converged.",
            "Report      r.zip",
        ]


def test_the_forecast_is_for_the_hub_of_the_clone_unless_the_settings_name_one(clone, snakemake):
    write_hub(clone, tasks())
    text = '{"schema_version": "https://x/v4.0.1/tasks-schema.json", "rounds": "all"}'
    write_hub(Path("other"), json.loads(text))

    done, other = of("2025-01-15"), of("2025-01-15", "hub=other")

    assert (done.exit_code, other.exit_code) == (1, 1)
    assert "2025-01-18 is no round of the hub in hub" in done.stderr
    assert "other/hub-config/tasks.json" in other.stderr
    assert not Path("results").exists()


def use_fetched() -> None:
    """Let the study use observations that are fetched."""
    modelset = Path("experiments/sample/config/modelset.yaml")
    text = modelset.read_text().replace("column: place", "column: location")
    modelset.write_text(text.replace("common-data/vintages", "common-data/fetched"))


@pytest.fixture
def hub_to_fetch(clone, tmp_path, monkeypatch) -> str:
    """The address of the hub's repository, which has the observations."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (clone / "target-data").mkdir()
    text = "date,location,value\n2025-01-04,25,2\n2025-01-11,25,3\n"
    (clone / "target-data" / "time-series.csv").write_text(text)
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message=data")
    return f"git+file://{clone}@main"


@pytest.fixture
def nhsn_server(monkeypatch) -> Iterator[Server]:
    """A server stands for data.cdc.gov."""
    with running(Server()) as server:
        monkeypatch.setattr(nhsn, "ADDRESS", server.address)
        days = ("2025-01-04", "2025-01-11")
        server.rows = [row(day, "MA", totalconfflunewadm="2") for day in days]
        yield server


@pytest.fixture
def nhsn_to_fetch(nhsn_server) -> str:
    """The name of the source that the server stands for."""
    return "nhsn-flu"


def test_no_other_process_gets_a_token_that_it_does_not_need(
    clone, snakemake, nhsn_server, monkeypatch, tmp_path
):
    use_fetched()
    seen = tmp_path / "variables"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nenv >> {seen}\nPATH="${{PATH#*:}}" exec git "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name in (GIT_TOKENS[0], *SERVER_TOKENS, *NOTIFICATION_SECRETS):
        monkeypatch.setenv(name, "planted")

    done = of("2025-01-15", "--fetch", "nhsn-flu", "--fetch-to", "common-data/fetched")

    assert done.exit_code == 0, done.stderr
    assert {token for _, token in nhsn_server.seen} == {"planted"}
    assert "GIT_AUTHOR_NAME=A" in seen.read_text()
    assert not [line for line in seen.read_text().splitlines() if "planted" in line]
    assert {*SECRETS} & snakemake.variables == {*NOTIFICATION_SECRETS}


@pytest.mark.parametrize("source", ["hub_to_fetch", "nhsn_to_fetch"])
def test_observations_are_fetched_once_a_day_before_the_run(clone, snakemake, request, source):
    use_fetched()
    fetch = ("--fetch", request.getfixturevalue(source), "--fetch-to", "common-data/fetched")

    first, again = of("2025-01-15", *fetch), of("2025-01-15", *fetch)
    stale = of("2025-01-22", *fetch)

    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr
    assert "kept: 2 values of 1 locations to 2025-01-11" in first.stderr
    assert "the observations of 2025-01-15 were kept before" in again.stderr
    assert stale.exit_code == 1
    assert "of 2025-01-11, more than 7 days before 2025-01-22" in stale.stderr
    (kept,) = Path("common-data/fetched").glob("*.csv")
    assert "2025-01-11,25," in kept.read_text()
    assert branches(clone) == ["main", "team-model-2025-01-18"]


def test_observations_of_the_day_are_fetched_again_if_they_are_lost(clone, snakemake, hub_to_fetch):
    use_fetched()
    folder = Path("common-data/fetched")
    fetch = ("--fetch-to", folder, "--fetch")
    of("2025-01-15", *fetch, hub_to_fetch)
    (kept,) = folder.glob("*.csv")
    kept.unlink()

    again = of("2025-01-15", *fetch, hub_to_fetch)
    other = of("2025-01-15", *fetch, "hub")

    assert again.exit_code == 0, again.stderr
    assert kept.is_file()
    assert other.exit_code == 1
    assert f"were fetched from {hub_to_fetch}: target-data" in other.stderr


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"code": 1}, "did not succeed; nothing was committed"),
        ({"accepted": False}, "the hub would refuse it"),
        ({"accepted": "perhaps"}, "csv.findings.json: damaged: accepted: "),
        ({"complete": False}, "sample/2025-01-18: is not complete in this folder"),
    ],
)
def test_what_failed_or_would_be_refused_is_not_committed(clone, snakemake, changed, message):
    vars(snakemake).update(changed)

    done = of("2025-01-15")

    assert done.exit_code == 1
    assert message in done.stderr
    assert branches(clone) == ["main"]


def test_a_submission_that_was_changed_since_it_was_checked_is_not_committed(clone, snakemake):
    write_hub(clone, define_tasks("flusight_format", date(2025, 1, 18), ["25"]))

    done = of("2025-01-15")

    assert done.exit_code == 1
    assert "2025-01-18-team-model.csv: the hub in hub would refuse it:\n  error: " in done.stderr
    assert "[colnames]" in done.stderr
    assert branches(clone) == ["main"]


@pytest.mark.parametrize(
    ("break_hub", "message"),
    [
        (lambda hub: git(hub, "rm", "-q", "-r", "model-metadata"), "give the file with --metadata"),
        (lambda hub: (hub / "model-output").symlink_to("/tmp"), "is a link in the hub"),  # noqa: S108
        (
            lambda hub: (hub / "model-output").symlink_to("model-output"),
            "model-output: is a link in the hub; expected none",
        ),
        (
            lambda hub: git(hub, "checkout", "-q", "--orphan", "empty"),
            "hub: has no commit; expected a clone of the hub",
        ),
    ],
)
def test_a_hub_without_metadata_or_with_links_gets_no_run(clone, snakemake, break_hub, message):
    break_hub(clone)
    if "no commit" not in message:
        git(clone, "add", ".")
        git(clone, "commit", "--quiet", "--allow-empty", "--message=broken")

    done = of("2025-01-15")

    assert done.exit_code == 1
    assert message in done.stderr
    assert branches(clone) == ["main"]
    assert not Path("results").exists()


@pytest.mark.parametrize("given", [(), ("--metadata", "given.yml")])
def test_metadata_that_the_hub_would_refuse_are_found_before_the_run(clone, snakemake, given):
    write_hub(clone, define_tasks("flusight_format", date(2025, 1, 18), ["25"]))
    schema = {"type": "object", "required": ["license"]}
    (clone / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    metadata = Path("given.yml") if given else clone / "model-metadata" / "team-model.yml"
    metadata.write_text("team_abbr: team\nmodel_abbr: model\n")

    done = of("2025-01-15", *given)

    assert done.exit_code == 1
    assert "the model's metadata: the hub in hub would refuse it:\n  error: " in done.stderr
    assert "team-model.yml, the file: 'license' is a required property" in done.stderr
    assert not Path("results").exists()


@pytest.mark.parametrize("option", ["--dry-run", "-n", "--unlock"])
@pytest.mark.parametrize("before", [False, True])
def test_a_dry_run_ends_well_and_commits_nothing(clone, snakemake, option, before):
    """Nothing is committed either where the submission is there already."""
    if before:
        of("2025-01-15")
        git(clone, "branch", "--quiet", "--delete", "--force", "team-model-2025-01-18")
    snakemake.complete = False

    done = of("2025-01-15", "--report", "week.html", "--", option)

    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "nothing was run, and nothing was committed"
    assert " --report " not in done.stderr
    assert branches(clone) == ["main"]


def test_the_report_is_written_after_the_run_by_a_command_that_is_printed(clone, snakemake):
    done = of("2025-01-15", "--report", "week.html")

    first, second = [line for line in done.stderr.splitlines() if "snakemake" in line]
    assert (" --report " in first, " --report week.html " in second) == (False, True)
    assert len(snakemake.commands) == 2
    assert branches(clone) == ["main", "team-model-2025-01-18"]
    assert first.count("today=2025-01-15") == 1

    refused = of("2025-01-15", "--submit", "--report", "week.html")
    assert "--submit, --report: expected one" in refused.stderr
    refused = of("2025-01-15", "--submit", "--", "--dry-run")
    assert "--submit, --dry-run: expected one" in refused.stderr
    refused = of("2025-01-22", "--report", "nowhere/week.html")
    assert "--report nowhere/week.html: there is no folder" in refused.stderr


@pytest.mark.parametrize("fails_at_end", [True, False])
def test_a_week_whose_tasks_failed_has_its_report_and_one_that_did_not_end_says_so(
    clone, snakemake, fails_at_end
):
    snakemake.code, snakemake.fails_at_end = 1, fails_at_end

    done = of("2025-01-15", "--report", "week.html")

    said, last = done.stderr.splitlines()[-2:]
    assert (done.exit_code, len(snakemake.commands)) == (1, 2 if fails_at_end else 1)
    assert said == (
        "Report      week.html"
        if fails_at_end
        else "Report      week.html is not written: the run did not get to its end"
    )
    assert last == "the run of 2025-01-18 did not succeed; nothing was committed"
    assert branches(clone) == ["main"]


def test_a_week_whose_report_alone_failed_says_how_to_commit_its_forecast(clone, snakemake):
    snakemake.report_code = 1

    done = of("2025-01-15", "--report", "week.html")

    assert (done.exit_code, branches(clone)) == (1, ["main"])
    assert done.stderr.splitlines()[-1] == (
        "the run of 2025-01-18 succeeded, but week.html was not written: repeat the command "
        "without --report; nothing was committed"
    )


def test_nobody_who_commits_is_found_before_the_run(clone, snakemake, monkeypatch, tmp_path):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    monkeypatch.setenv("HOME", str(tmp_path))
    git(clone, "config", "user.useConfigOnly", "true")

    done = of("2025-01-15")

    assert done.exit_code == 1
    assert "Please tell me who you are" in done.stderr
    assert not Path("results").exists()


@pytest.mark.parametrize(
    "leave_out",
    [
        lambda hub: git(hub, "sparse-checkout", "set", "model-metadata"),
        lambda hub: shutil.rmtree(hub / "hub-config"),
    ],
)
def test_the_hubs_configuration_is_not_left_out_in_silence(clone, snakemake, leave_out):
    write_hub(clone, tasks())
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message=configuration")
    leave_out(clone)

    done = of("2025-01-15")

    assert done.exit_code == 1
    assert "hub: hub-config/tasks.json of the hub is not checked out; expected it" in done.stderr
    assert not Path("results").exists()


@pytest.mark.parametrize(
    "arrange",
    [
        lambda hub: (hub / ".gitignore").write_text("model-output\n"),
        lambda hub: git(hub, "config", "core.excludesFile", str(hub / "docs" / "ignored")),
        lambda hub: git(hub, "sparse-checkout", "set", "docs"),
        lambda hub: (hub / ".git" / "index.lock").touch(),
        lambda hub: (hub / "model-metadata" / "team-model.yml").write_text("edited\n"),
    ],
)
def test_a_clone_of_any_kind_gets_the_submission_alone(clone, snakemake, arrange):
    (clone / "docs").mkdir()
    (clone / "docs" / "ignored").write_text("*.csv\n")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message=docs")
    arrange(clone)
    before = git(clone, "status", "--porcelain")

    done = of("2025-01-15")

    assert done.exit_code == 0, done.stderr
    branch = "team-model-2025-01-18"
    file = f"model-output/team-model/{branch.removeprefix('team-model-')}-team-model.csv"
    assert git(clone, "diff", "--name-status", "main", branch) == f"A\t{file}"
    assert git(clone, "status", "--porcelain") == before


@pytest.mark.parametrize(
    ("kept", "options", "message"),
    [
        ("model-output", (), "model-output: is no folder in the hub; expected one"),
        ("model-output/team-model", (), "model-output/team-model: is no folder in the hub; "),
        (
            "model-output/team-model/2025-01-18-team-model.csv/x",
            (),
            "model-output/team-model/2025-01-18-team-model.csv: is a folder in the hub; ",
        ),
        (
            "model-metadata/team-model.yml/x",
            ("--metadata", "given.yml"),
            "model-metadata/team-model.yml: is a folder in the hub; ",
        ),
    ],
)
def test_a_path_that_the_hub_uses_otherwise_is_named(clone, snakemake, kept, options, message):
    Path("given.yml").write_text("team_abbr: team\n")
    if options:
        git(clone, "rm", "-q", "-r", "model-metadata")
    (clone / kept).parent.mkdir(parents=True, exist_ok=True)
    (clone / kept).write_text("")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message=broken")

    done = of("2025-01-15", *options)

    assert done.exit_code == 1
    assert message in done.stderr.splitlines()[-1]
    assert branches(clone) == ["main"]
    assert not Path("results").exists()


@pytest.mark.parametrize(
    "check_out",
    [("switch", "--quiet", "--create"), ("worktree", "add", "--quiet", "../beside", "-b")],
)
def test_a_branch_that_is_checked_out_is_not_moved(clone, snakemake, check_out):
    branch = "team-model-2025-01-18"
    git(clone, *check_out, branch)
    place = next(path for path in (clone.parent / "beside", clone) if path.exists())

    done = of("2025-01-15")

    message = f"{place}: has the branch {branch} checked out, "
    assert done.exit_code == 1
    assert message in done.stderr
    assert not Path("results").exists()
    with pytest.raises(EpyflowError, match=message):
        commit_submission(clone, Forecast("team-model", "2025-01-18-team-model.csv", b"x"))
    assert git(place, "status", "--porcelain") == ""


def test_a_worktree_that_was_removed_by_hand_has_no_branch_checked_out(clone, snakemake):
    git(clone, "worktree", "add", "--quiet", "../beside", "-b", "team-model-2025-01-18")
    shutil.rmtree("beside")

    assert of("2025-01-15").exit_code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--submit", "--cores", "2"), "--submit runs with profiles/gcp"),
        (("--submit", "--slurm"), "--submit runs with profiles/gcp"),
        (("--cloud", "--slurm"), "expected one of --cloud, --slurm and --profile"),
        (("--storage", "nowhere"), "nowhere"),
        (("--fetch", "nhsn-flu"), "--fetch, --fetch-to: expected both"),
        (("--fetch-to", "vintages"), "--fetch, --fetch-to: expected both"),
        (("--push", "other"), "has no remote 'other'; expected one; git remote add adds it"),
        (("--clone", "experiments"), "experiments: is not a clone of a hub"),
        (("--clone", "hub/model-metadata"), "git takes it for model-metadata/ of a repository"),
        (("--metadata", "none.yml"), "none.yml: is no file; expected the model's metadata"),
    ],
)
def test_options_that_cannot_be_met_are_refused_before_the_run(clone, snakemake, options, message):
    (clone / "model-metadata" / ".git").mkdir()
    done = of("2025-01-15", *options)

    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert not Path("results").exists()


def test_a_branch_is_pushed_if_asked_and_never_by_force(clone, snakemake, tmp_path):
    git(tmp_path, "init", "--quiet", "--bare", "fork.git")
    git(clone, "remote", "add", "fork", str(tmp_path / "fork.git"))

    unknown = of("2025-01-15", "--push", "frok")
    assert "hub: has no remote 'frok'; expected one of fork" in unknown.stderr
    done = of("2025-01-15", "--push", "fork")

    assert done.exit_code == 0, done.stderr
    assert branches(tmp_path / "fork.git") == ["team-model-2025-01-18"]
    (clone / "model-metadata" / "team-model.yml").write_text("team_abbr: team  # changed\n")
    git(clone, "commit", "--quiet", "--all", "--message=changed")
    git(clone, "update-ref", "refs/heads/team-model-2025-01-18", "main")
    forced = of("2025-01-15", "--push", "fork")
    assert forced.exit_code == 1
    assert "git push failed" in forced.stderr
