import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.operations.cost.job_costs import as_csv, measured, priced, unpriced
from tests.unit.operations.cost.made_up import PLAN, PRICES, PROFILE, took

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "config" / "experiments" / "example"
TABLE = ROOT / "src" / "epyflow" / "operations" / "cost" / "prices.yaml"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with the project's profile, and without a site."""
    for name in ("REGION", "SITE", "PROJECT", "STORAGE"):
        monkeypatch.delenv(f"EPYFLOW_GCP_{name}", raising=False)
    profile = tmp_path / "profiles" / "gcp" / "config.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text((ROOT / "profiles" / "gcp" / "config.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def finished(folder):
    """Return the folder of a run that took 100 s in one place and 50 s in another, on Batch."""
    benchmarks = {"run_task/00000": took(100, 1), "run_task/00002": took(50, 1)}
    jobs = priced(measured(PLAN, benchmarks, PROFILE, "here", "google-batch"), PROFILE, PRICES)
    run = folder / "results" / "study" / "main"
    run.mkdir(parents=True)
    (run / "run_cost.csv").write_bytes(as_csv(jobs))
    return run


def run(*arguments: object):
    done = CliRunner().invoke(app.app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def estimate(*arguments: object):
    done = run("plan", EXAMPLE, "--cost", "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["cost"]


def test_a_plan_says_what_it_will_cost_and_why():
    done = run("plan", EXAMPLE, "--cost")

    assert done.exit_code == 0
    assert re.search(r"│ run +│ c4d-standard-2 +│ +2 │", done.stdout)
    assert re.search(r"│ total .* 0\.\d+-0\.\d+ │", done.stdout)
    assert "prices of 2026-11-25" in done.stdout
    assert "60 to 120 s for each start of a machine" in done.stdout


def test_a_plan_costs_nothing_that_was_not_asked_for():
    assert "cost" not in json.loads(run("plan", EXAMPLE, "--format", "json").stdout)


def test_spot_region_and_prices_change_the_estimate(folder):
    usual, spot = estimate(), estimate("--spot")
    doubled = yaml.safe_load(TABLE.read_text()) | {"region": "us-east1"}
    doubled["regions"]["us-east1"] = {"c4d": 2.0, "e2": 2.0}
    (folder / "mine.yaml").write_text(yaml.safe_dump(doubled))
    dear = estimate("--prices", "mine.yaml", "--region", "us-east1")

    assert usual["region"] == "us-central1"
    assert spot["usd"][0] < 0.6 * usual["usd"][0]
    assert dear["usd"] == pytest.approx([2 * value for value in usual["usd"]])


def test_the_region_is_that_of_the_site(monkeypatch):
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "us-west4")

    assert estimate()["region"] == "us-west4"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--region", "mars-north1"], "region 'mars-north1' is not in the price table"),
        (
            ["--profile", "none.yaml"],
            "none.yaml: cannot be read: No such file or directory; expected a",
        ),
        (["--prices", "none.yaml"], "none.yaml: cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_option_ends_with_1_and_one_message(arguments, message, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["epyflow", "plan", str(EXAMPLE), "--cost", *arguments])

    with pytest.raises(SystemExit) as caught:
        app.main()

    assert caught.value.code == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("named", ["study", "results/study/main"])
def test_the_cost_of_a_run_is_told_by_stage_location_and_in_all(finished, named):
    done = run("cost", named, "--format", "json")

    assert done.exit_code == 0
    found = json.loads(done.stdout)
    # A cent a second, 90 s a start: 1.00 and 0.50 for the tasks, 0.90 for each start.
    assert [(each["name"], each["usd"]) for each in found["stages"]] == [("run", 3.3)]
    assert [(each["name"], each["usd"]) for each in found["locations"]] == [
        ("US-LE", 1.9),
        ("Right", 1.4),
    ]
    assert found["total"]["usd"] == pytest.approx(3.3)
    assert found["price_date"] == "2030-01-02"
    assert "Estimated from run times on x1-standard-2" in run("cost", named).stdout


def test_jobs_without_a_price_are_counted(finished):
    path = finished / "run_cost.csv"
    # As finish_run writes the first task if its machine is not known.
    path.write_text(
        re.sub(r"x1-standard-2(.*?),1,0.9,2030-01-02,1.9", r"\1,,,,", path.read_text(), count=1)
    )

    done = run("cost", "study")

    assert "1 jobs are not priced" in done.stdout
    assert json.loads(run("cost", "study", "--format", "json").stdout)["total"]["usd"] == 1.4


def test_a_plan_says_which_stage_is_not_priced(folder):
    path = folder / "profiles" / "gcp" / "config.yaml"
    machine = "\"'c4d-standard-2' if attempt == 1 else 'c4d-highmem-2'\""
    path.write_text(path.read_text().replace(machine, '""'))

    done = run("plan", EXAMPLE, "--cost")

    assert re.search(r"│ run +│ chosen by Google Batch +│ +2 │ .* │ +not priced │", done.stdout)
    assert "run_task is not priced: Google Batch chooses the machine type; the total" in done.stdout


def test_the_same_run_times_can_be_priced_anew(finished):
    done = run("cost", "study", "--region", "us-central1", "--spot", "--format", "json")

    found = json.loads(done.stdout)
    assert found["machine_types"] == ["c4d-standard-2"]
    # 150 s and two starts of 90 s, at 0.035 for the Spot VM and 30 × 0.08 / 730 for its disk.
    assert found["total"]["usd"] == pytest.approx(330 / 3600 * (0.035 + 2.4 / 730), rel=1e-4)


def test_a_local_run_is_said_to_have_cost_nothing(finished):
    path = finished / "run_cost.csv"
    path.write_text(path.read_text().replace("google-batch", "local"))

    assert "made on one machine and cost nothing" in run("cost", "study").stdout


@pytest.mark.parametrize("named", ["other", "results/other/main", "gs://bucket/nothing"])
def test_a_run_that_is_not_there_ends_with_2(finished, named):
    done = run("cost", named)

    assert done.exit_code == 2
    assert "expected" in done.stderr


@pytest.mark.parametrize("named", ["study/other", "study/other/"])
def test_a_run_without_a_table_is_named_once(finished, named):
    assert "no run results/study/other/main or results/study/other;" in run("cost", named).stderr

    (finished.parent / "other" / "outputs").mkdir(parents=True)

    missing = "results/study/other/run_cost.csv is missing; "
    assert run("cost", named).stderr.startswith(missing)


def test_a_folder_that_was_given_and_has_no_table_is_named(finished):
    Path("copy/flu/main").mkdir(parents=True)

    assert run("cost", "copy/flu/main").stderr.startswith("copy/flu/main/run_cost.csv is missing")


def test_a_run_without_measured_jobs_ends_with_1(finished, capsys, monkeypatch):
    (finished / "run_cost.csv").write_bytes(as_csv(()))
    monkeypatch.setattr("sys.argv", ["epyflow", "cost", "study"])

    with pytest.raises(SystemExit) as caught:
        app.main()

    assert caught.value.code == 1
    assert "has no rows" in capsys.readouterr().err


def test_a_run_on_slurm_is_not_priced_unless_a_region_is_named(finished):
    benchmarks = {"run_task/00000": took(100, 1)}
    jobs = unpriced(measured(PLAN, benchmarks, PROFILE, "here", "slurm"))
    (finished / "run_cost.csv").write_bytes(as_csv(jobs))

    done = run("cost", finished)

    assert done.exit_code == 0, done.output
    assert "slurm, not priced" in done.stdout
    assert "only its operator knows what an hour costs" in done.stdout
    assert not re.search(r"\d\.\d\d|US dollars|us-", done.stdout)
    document = json.loads(run("cost", finished, "--format", "json").stdout)
    assert (document["ran_on"], document["priced"], document["region"]) == ("slurm", False, None)
    assert document["total"]["seconds"] == 100.0
    assert document["total"]["usd"] is None

    priced_after_all = run("cost", finished, "--region", "us-central1")
    assert "Cost in us-central1, US dollars" in priced_after_all.stdout
    assert (
        "This run was made on slurm. Google Batch would have cost this" in priced_after_all.stdout
    )


def test_the_newest_finished_run_is_found_by_the_word(finished):
    # What makes it a run for the commands that list runs.
    metadata = finished / "outputs" / "run_metadata.json"
    metadata.parent.mkdir()
    metadata.write_text("{}")
    (finished.parent / "latest").write_text("main\n")
    expected = run("cost", finished).stdout
    assert expected

    for named in (["study/latest"], ["study", "--run-id", "latest"], ["results/study/latest"]):
        assert run("cost", *named).stdout == expected
    (finished.parent / "latest").unlink()
    assert run("cost", "study/latest").exit_code == 2


def test_names_in_the_table_are_neither_markup_nor_obeyed(finished):
    table = finished / "run_cost.csv"
    table.write_text(
        table.read_text().replace("google-batch", "\x1b[2J").replace("\nrun,", "\n[/red]\x1b[31m,")
    )

    done = run("cost", finished)

    assert done.exit_code == 0, done.output
    assert "[/red]\\x1b[31m" in done.stdout
    assert "on \\x1b[2J" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("named", ["study", "study/main"])
def test_a_folder_with_the_id_of_the_experiment_does_not_hide_its_run(finished, named):
    Path("study/config").mkdir(parents=True)

    assert "Estimated from run times" in run("cost", named).stdout
