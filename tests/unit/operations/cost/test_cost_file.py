from dataclasses import replace

import pytest
from tests.unit.operations.cost.made_up import PLAN, benchmark
from tests.unit.operations.cost.test_profile import ROOT

from epyflow.errors import EpyflowError
from epyflow.operations.cost.cost_file import region_of_site, write_run_cost
from epyflow.operations.cost.job_costs import from_csv
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


def test_a_run_does_not_fail_for_a_price(storage, tmp_path, caplog, monkeypatch):
    assert recorded(storage, tmp_path, tmp_path / "none.yaml") == []
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "mars-north1")
    assert recorded(storage, tmp_path) == []

    assert "none.yaml cannot be read" in caplog.text
    assert "'mars-north1' is not in the price table" in caplog.text


def test_a_site_that_was_named_has_to_be_right(storage, monkeypatch):
    assert region_of_site() == "us-central1"
    monkeypatch.setenv("EPYFLOW_GCP_SITE", "none.yaml")
    with pytest.raises(EpyflowError, match=r"none\.yaml"):
        region_of_site()


def test_a_run_on_slurm_has_run_times_and_no_price(storage, tmp_path, monkeypatch):
    monkeypatch.setenv("EPYFLOW_RAN_ON", "slurm")

    (job,) = recorded(storage, tmp_path)

    assert (job.ran_on, job.seconds, job.max_rss_mb) == ("slurm", 36.0, 300.0)
    assert (job.machine_type, job.region, job.attempt, job.price_date) == ("", "", None, "")
    assert job.usd is None
