from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml
from google.cloud import batch_v1
from tests.unit.operations.cost.made_up import PLAN, benchmark
from tests.unit.operations.cost.test_profile import ROOT

from epyflow.errors import EpyflowError
from epyflow.google import batch
from epyflow.operations.cost import chosen_machines
from epyflow.operations.cost.cost_file import region_of_site, write_run_cost
from epyflow.operations.cost.job_costs import from_csv
from epyflow.run import completion
from epyflow.storage.disk import Disk

PROFILE = ROOT / "profiles" / "gcp" / "config.yaml"


@pytest.fixture
def storage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("EPYFLOW_IMAGE_DIGEST", "EPYFLOW_GCP_REGION", "EPYFLOW_GCP_SITE"):
        monkeypatch.delenv(name, raising=False)
    disk = Disk()
    disk.write("benchmarks/study/main/run_task/00002.tsv", benchmark(36.0, 300.0))
    disk.write("benchmarks/study/main/build_inputs.tsv", benchmark(1.0, 1.0))
    return disk


def recorded(storage, tmp_path, profile=PROFILE):
    write_run_cost(PLAN, storage, tmp_path / "run_cost.csv", profile)
    return from_csv((tmp_path / "run_cost.csv").read_bytes(), "run_cost.csv")


def test_a_local_run_is_priced_on_the_profiles_machines(storage, tmp_path):
    (job,) = recorded(storage, tmp_path)

    assert (job.population, job.ran_on, job.machine_type) == ("Right", "local", "c4d-standard-2")
    # 36 s of 0.08988 an hour and a disk of 30 GiB.
    assert job.usd_run == pytest.approx((0.0898758 + 30 * 0.08 / 730) / 100, rel=1e-5)


def test_in_a_folder_without_profiles_those_of_the_project_are_used(storage, tmp_path):
    assert recorded(storage, tmp_path, None) == recorded(storage, tmp_path)


def test_rules_with_one_job_are_counted_by_stage(storage, tmp_path):
    storage.write("benchmarks/study/main/make_submission.tsv", benchmark(10.0, 300.0))
    storage.write("benchmarks/study/main/draw_figures.tsv", benchmark(4.0, 300.0))
    storage.write("benchmarks/study/main/draw_scores.tsv", benchmark(4.0, 1.0))

    jobs = recorded(storage, tmp_path)

    # The diagram of the model is drawn by the coordinator: the profile has no machine for it.
    assert [(job.stage, job.rule, job.job) for job in jobs] == [
        ("run", "run_task", "00002"),
        ("hub", "make_submission", ""),
        ("figures", "draw_figures", ""),
    ]


def test_building_is_paid_where_a_job_of_the_cloud_builds(storage, tmp_path):
    write_run_cost(replace(PLAN, build="remote"), storage, tmp_path / "a.csv", PROFILE)

    first = from_csv((tmp_path / "a.csv").read_bytes(), "a.csv")[0]
    assert (first.stage, first.rule, first.seconds) == ("build", "build_inputs", 1.0)


def test_a_run_on_google_batch_is_known_by_its_image(storage, tmp_path, monkeypatch):
    monkeypatch.setenv("EPYFLOW_IMAGE_DIGEST", "image@sha256:0")

    assert recorded(storage, tmp_path)[0].ran_on == "google-batch"


@pytest.fixture
def chosen(storage, tmp_path, monkeypatch):
    """Return a profile without machine types, of a run on Google Batch."""
    monkeypatch.setenv("EPYFLOW_IMAGE_DIGEST", "image@sha256:0")
    content = yaml.safe_load(PROFILE.read_text())
    for resources in content["set-resources"].values():
        resources["googlebatch_machine_type"] = ""
    path = tmp_path / "free.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def batch_job(name, machine):
    job = batch_v1.Job(labels={"snakemake-job": name, "snakemake-attempt": "1"})
    job.status.task_groups["group0"] = {"instances": [{"machine_type": machine}]}
    return job


def test_a_run_is_priced_on_the_machines_that_google_batch_chose(
    storage, tmp_path, monkeypatch, chosen
):
    storage.write("benchmarks/study/main/make_tables.tsv", benchmark(36.0, 300.0))
    jobs = [
        batch_job("outputs_draw_figures_make_tables", "e2-standard-4"),
        batch_job("run_task", "e2-standard-2"),
        batch_job("run_task", "e2-standard-8"),
    ]
    asked = []
    site = SimpleNamespace(project="p", region="us-central1")
    monkeypatch.setattr(chosen_machines, "read_site", lambda: site)
    monkeypatch.setattr(
        batch.BatchJobs, "find", lambda self, labels: asked.append((self.project, labels)) or jobs
    )

    task, tables = recorded(storage, tmp_path, chosen)

    assert asked == [("p", {"exp_id": "study", "run_id": "main"})]
    assert (task.machine_type, tables.machine_type) == ("e2-standard-2", "e2-standard-4")
    # 36 s of 2 vCPUs and 8 GiB, and of a disk of 30 GiB.
    hour = 2 * 0.02181159 + 8 * 0.00292353 + 30 * 0.10 / 730
    assert task.usd_run == pytest.approx(hour / 100, rel=1e-4)


def test_a_machine_that_nobody_knows_is_not_priced_and_the_log_says_so(
    storage, tmp_path, caplog, chosen, monkeypatch
):
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "us-central1")

    (job,) = recorded(storage, tmp_path, chosen)

    assert (job.machine_type, job.usd, job.seconds) == ("", None, 36.0)
    assert "machines that Google Batch chose are unknown: settings of Google" in caplog.text


def test_a_run_does_not_fail_for_a_price(storage, tmp_path, caplog, monkeypatch):
    assert recorded(storage, tmp_path, tmp_path / "none.yaml") == []
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "mars-north1")
    assert recorded(storage, tmp_path) == []

    assert "none.yaml: cannot be read" in caplog.text
    assert "'mars-north1' is not in the price table" in caplog.text


def test_a_site_that_was_named_has_to_be_right(storage, monkeypatch):
    assert region_of_site() == "us-central1"
    monkeypatch.setenv("EPYFLOW_GCP_SITE", "none.yaml")
    with pytest.raises(EpyflowError, match=r"none\.yaml"):
        region_of_site()


@pytest.mark.parametrize("platform", ["slurm", "aws-batch", "kubernetes"])
def test_a_run_elsewhere_has_run_times_and_no_price(storage, tmp_path, monkeypatch, platform):
    profile = (ROOT / "profiles" / platform / "config.yaml").read_text()
    assert f'environ["EPYFLOW_RAN_ON"] = "{platform}"' in profile
    monkeypatch.setenv("EPYFLOW_RAN_ON", platform)

    (job,) = recorded(storage, tmp_path)

    assert (job.ran_on, job.seconds, job.max_rss_mb) == (platform, 36.0, 300.0)
    assert (job.machine_type, job.region, job.attempt, job.price_date) == ("", "", None, "")
    assert job.usd is None


def test_of_what_tasks_have_written_only_small_files_of_planned_tasks_are_benchmarks(
    storage, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(completion, "_FEW", 1)
    folder = "benchmarks/study/main"
    for name in ("x", "00009", "9" * 200):
        storage.write(f"{folder}/run_task/{name}.tsv", benchmark(1.0, 1.0))
    storage.write(f"{folder}/run_task/00001.tsv", benchmark(1.0, 1.0) + bytes(2**13))
    for number in range(5):
        storage.write(f"{folder}/make_tables/{number}.tsv", benchmark(1.0, 1.0))

    jobs = recorded(storage, tmp_path)

    assert [(job.rule, job.job) for job in jobs] == [
        ("run_task", "00002"),
        *(("make_tables", str(number)) for number in range(4)),
    ]
    assert f"{folder}/run_task: 3 files of no planned job are ignored" in caplog.messages
    assert f"{folder}/make_tables: 1 files of no planned job are ignored" in caplog.messages
    assert any("00001.tsv has more than 8,192 bytes" in said for said in caplog.messages)
