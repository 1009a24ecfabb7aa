"""examples/batch-jobs on the emulator: its results, its failures, its warehouses."""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import install_groups
import pandas as pd
import pytest
import yaml

from google_batch_emulator.emulator import Emulator
from google_batch_emulator.faults import FaultPlan, read_plan
from google_batch_emulator.settings import Settings
from tests.cloud.bigquery_server import bigquery_server, write_key
from tests.cloud.conftest import forking_tasks
from tests.forking import ForkedRun

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "batch-jobs"
LIBRARIES = install_groups.install_groups("jobs")
PROJECT = {"project": "my-project", "bucket": "my-bucket"}
KEY = "a key for rehearsals"


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """A copy of the example."""
    ignored = shutil.ignore_patterns("fetched", ".snakemake", "__pycache__")
    return shutil.copytree(EXAMPLE, tmp_path / "jobs", ignore=ignored)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    chosen = forking_tasks(tmp_path_factory.mktemp("python"), PYTHONPATH=str(LIBRARIES))
    secrets = {"secrets": EXAMPLE / "rehearsal-secrets.json"}
    with Emulator(chosen.model_copy(update=PROJECT | secrets)) as emulator:
        yield emulator


def run(emulator: Emulator, folder: Path, *arguments: str) -> tuple[int, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | emulator.environment | {"PATH": path, "PYTHONPATH": str(LIBRARIES)}
    options = ("--profile", "profile", "--seconds-between-status-checks", "1", *arguments)
    started = ForkedRun(options, folder, environment)
    try:
        text = started.read(240)
        return started.wait(), text
    finally:
        started.close()


def config() -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = yaml.safe_load((EXAMPLE / "config.yaml").read_text())
    return loaded


def test_the_workflow_gives_the_results_worked_by_hand(workflow, cloud):
    code, text = run(cloud, workflow)

    assert code == 0, text
    fetched = workflow / "fetched"
    texts = {
        path.name: path.read_text()
        for path in fetched.iterdir()
        if path.suffix not in {".parquet", ".skops"}
    }
    assert texts["orders_2023.region.csv"] == "region,units,revenue\nnorth,14,70.0\nsouth,16,93.0\n"
    assert texts["orders_2024.product.csv"] == (
        "product,units,revenue\ncocoa,3,15.0\ncoffee,10,80.0\ntea,17,76.5\n"
    )
    assert json.loads(texts["orders_2024.region.json"]) == {
        "dataset": "orders_2024",
        "column": "region",
        "rows": 3,
        "columns": ["region", "units", "revenue"],
        "file": "orders_2024.region.csv",
    }
    # A line for each task: two data sets by two columns.
    assert texts["matrix.csv"].splitlines() == [
        "dataset,column,rows,file",
        "orders_2023,region,2,orders_2023.region.csv",
        "orders_2023,product,3,orders_2023.product.csv",
        "orders_2024,region,3,orders_2024.region.csv",
        "orders_2024,product,3,orders_2024.product.csv",
    ]
    assert "| orders_2024 | region | 3 | orders_2024.region.csv |" in texts["summary.md"]
    # Typical flowers of the three species.
    assert texts["predictions.csv"] == "flower,species\na,setosa\nb,versicolor\nc,virginica\n"
    assert_tested_on_a_fifth(texts, fetched / "forest.skops")
    assert_sums_of_both_years(json.loads(texts["revenue.json"]), fetched / "revenue.parquet")
    assert_as_the_rules_say(cloud)
    assert_cleaned_up(cloud)


def assert_tested_on_a_fifth(texts: dict[str, str], model: Path) -> None:
    """A fifth of 150 flowers, ten of each species."""
    lines = [line.split(",") for line in texts["confusion.csv"].splitlines()]
    counts = [[int(cell) for cell in line[1:]] for line in lines[1:]]
    metrics = json.loads(texts["metrics.json"])
    assert [sum(row) for row in counts] == [10, 10, 10]
    assert metrics["tested"] == 30
    assert metrics["accuracy"] == pytest.approx(sum(counts[i][i] for i in range(3)) / 30)
    assert metrics["accuracy"] > 0.9
    assert metrics["signature"] == signature(model)


def assert_sums_of_both_years(report: dict[str, object], rows: Path) -> None:
    # Coffee 12 + 10 units for 90 + 80; tea 16 + 17 for 64 + 76.5; cocoa 2 + 3 for 9 + 15.
    expected = [("coffee", 22, 170.0), ("tea", 33, 140.5), ("cocoa", 5, 24.0)]
    assert list(pd.read_parquet(rows).itertuples(index=False, name=None)) == expected
    assert (report["rows"], report["signature"]) == (3, signature(rows))


def signature(path: Path) -> str:
    return hmac.new(KEY.encode(), path.read_bytes(), hashlib.sha256).hexdigest()


def assert_as_the_rules_say(emulator: Emulator) -> None:
    jobs = {job.definition.labels["snakemake-job"]: job.definition for job in emulator.store.all()}
    assert {"summarise", "train", "predict", "query"} <= set(jobs)
    matrix, training = jobs["summarise"].task_groups[0], jobs["train"].task_groups[0]
    assert (matrix.task_count, matrix.parallelism) == (4, 2)
    # 3000 MB are 2862 MiB, in steps of 256.
    assert training.task_spec.compute_resource.memory_mib == 3072
    assert training.task_spec.max_run_duration.seconds == 1800
    machine = jobs["train"].allocation_policy.instances[0].policy.machine_type
    assert machine == "n2-standard-2"
    assert KEY not in str(list(jobs.values()))


def assert_cleaned_up(emulator: Emulator) -> None:
    """Finished jobs are listed, and deleted on demand."""
    jobs = emulator.store.all()
    ours = {job.job_id for job in jobs if job.over}
    command = [sys.executable, EXAMPLE / "clean_up.py", "--project", "my-project"]
    command += ["--region", "us-central1"]
    environment = os.environ | emulator.environment
    other = [*command, "--label", "workflow=other", "--delete"]
    assert subprocess.check_output(other, env=environment, text=True) == ""
    listed = subprocess.check_output(command, env=environment, text=True)
    assert {line.split()[1] for line in listed.splitlines()} == ours
    assert len(emulator.store.all()) == len(jobs)
    subprocess.run([*command, "--delete"], env=environment, capture_output=True, check=True)
    assert len(emulator.store.all()) == len(jobs) - len(ours)


REMEDIES = {
    "exit_code": ("the task's command failed", "Read the log below."),
    "out_of_memory": ("the task ran out of memory", "Raise the rule's mem_mb"),
    "time_limit": ("the task reached its time limit", "Raise the rule's runtime"),
    "disk_full": ("the VM's disk is full", "raise the rule's disk_mb"),
    "missing_output": ("did not write all files of the rule's output", "Compare them with"),
    "permission": ("403: you lack a permission", "You need roles/batch.jobsEditor"),
    "quota": ("429: too many requests, or a quota is used up", "ask for more at"),
}


def test_each_kind_of_failure_says_its_cause_and_what_to_do(workflow, cloud):
    cloud.faults.replace(read_plan(EXAMPLE / "rehearsal-faults.json"))
    try:
        patience = ("--googlebatch-array-api-patience", "1")
        code, text = run(cloud, workflow, "-s", "failures.smk", "--retries", "0", *patience)
    finally:
        cloud.faults.replace(FaultPlan())

    assert code == 1
    # The logs of tasks that are printed after a message begin their lines alike.
    parts = reversed(re.split(r"^Error in rule ", text, flags=re.MULTILINE)[1:])
    said = {part.partition(":")[0]: part for part in parts}
    assert set(said) == set(REMEDIES)
    for kind, (cause, remedy) in REMEDIES.items():
        message = said[kind].partition("jobid:")[0]
        assert cause in message.partition("Cause: ")[2].partition("What to do:")[0], kind
        assert remedy in message.partition("What to do: ")[2], kind
    assert "results/failures/missing_output" in said["missing_output"]


def test_a_missing_image_says_its_cause_and_what_to_do(workflow):
    with Emulator(Settings(unknown_images="refuse", **PROJECT)) as emulator:
        secrets = ("--googlebatch-array-secret-variables", "")
        code, text = run(emulator, workflow, "-s", "failures.smk", *secrets, "missing_image")

    assert code == 1
    assert "Cause: the image was not found, or may not be pulled." in text
    assert "What to do: Check its name and digest" in text


def test_groups_that_make_setup_has_installed_need_nothing_beside(tmp_path, monkeypatch):
    (tmp_path / "uv.lock").touch()
    (tmp_path / ".tools" / "groups").mkdir(parents=True)
    monkeypatch.setattr(install_groups, "PROJECT", tmp_path)
    monkeypatch.setattr(install_groups, "_locked", lambda groups: ["a==1"])
    monkeypatch.setattr(install_groups, "_installed", lambda: {"a==1"})

    folder = install_groups.install_groups("jobs")

    assert list(folder.iterdir()) == []


@pytest.fixture
def warehouse(monkeypatch):
    """The module of the example."""
    monkeypatch.syspath_prepend(EXAMPLE / "scripts")
    monkeypatch.syspath_prepend(LIBRARIES)
    import warehouse

    return warehouse


@pytest.fixture
def orders(tmp_path: Path) -> list[str]:
    path = tmp_path / "orders.parquet"
    table = {"product": ["tea", "tea", "cocoa"], "units": [1, 2, 5], "revenue": [4.0, 8.0, 7.5]}
    pd.DataFrame(table).to_parquet(path)
    return [str(path)]


def test_duckdb_refuses_a_query_beyond_the_bound_before_it_reads(warehouse, orders):
    query = config()["query"] | {"maximum_bytes_billed": 10}

    with pytest.raises(warehouse.QueryError, match=r"config\.yaml allows 10 "):
        warehouse.ask(query, orders)


def test_duckdb_answers_as_sql_says(warehouse, orders):
    rows, _ = warehouse.ask(config()["query"], orders)

    assert rows.to_pylist()[0] == {"product": "tea", "units": 3, "revenue": 12.0}
    assert rows.num_rows == 2


def test_an_unknown_back_end_is_named_with_those_that_there_are(warehouse):
    with pytest.raises(warehouse.QueryError, match="'snowflake'; expected one of duckdb, bigquery"):
        warehouse.ask(config()["query"] | {"backend": "snowflake"}, [])


def test_bigquery_makes_a_dry_run_and_then_bounds_the_cost(warehouse, tmp_path, monkeypatch):
    query = config()["query"] | {"backend": "bigquery"}
    with bigquery_server([("tea", 3, 12.0)], bytes_read=5_000_000) as server:
        write_key(tmp_path / "key.json", server)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)

        rows, read = warehouse.ask(query, [])
        with pytest.raises(warehouse.QueryError, match="would read 5000000 bytes"):
            warehouse.ask(query | {"maximum_bytes_billed": 4_999_999}, [])

    assert (rows.to_pylist(), read) == (
        [{"product": "tea", "units": 3, "revenue": 12.0}],
        5_000_000,
    )
    asked = [job["configuration"] for job in server.jobs]
    assert [bool(each.get("dryRun")) for each in asked] == [True, False, True]
    assert asked[1]["query"]["maximumBytesBilled"] == "10000000"
    assert asked[1]["query"]["defaultDataset"] == {"projectId": "my-project", "datasetId": "sales"}
    assert {each["query"]["query"] for each in asked} == {query["sql"]}
