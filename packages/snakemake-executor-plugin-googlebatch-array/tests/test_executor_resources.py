import pytest

from executor_fakes import settings
from snakemake_executor_plugin_googlebatch_array.resources import (
    compute_for,
    disk_warning,
    duration,
)


def compute(resources, threads=1, *, has_input=True, **changes):
    return compute_for(resources, threads, settings(**changes), has_input=has_input)


def test_without_resources_the_settings_count():
    # 1000 MiB are rounded up to 1024.
    assert compute({}) == (1000, 1024, 0, 3600)


def test_threads_memory_disk_and_runtime_are_mapped():
    found = compute({"mem_mb": 4000, "disk_mb": 5000, "runtime": 90}, threads=4)

    # 4000 MB = 3815 MiB -> 3840; 5000 MB = 4769 MiB -> 5120; 90 min = 5400 s.
    assert found == (4000, 3840, 5120, 5400)


def test_snakemakes_own_mebibytes_are_used_where_they_are():
    assert compute({"mem_mb": 1, "mem_mib": 2048}).memory_mib == 2048


def test_the_settings_are_the_least():
    found = compute({"mem_mb": 1000}, memory=4000, cpu_milli=2000)

    assert (found.cpu_milli, found.memory_mib) == (2000, 4096)


def test_resources_of_google_batch_win_and_are_not_rounded():
    found = compute(
        {
            "mem_mb": 9000,
            "runtime": 90,
            "googlebatch_memory": 1500,
            "googlebatch_cpu_milli": 250,
            "googlebatch_boot_disk_mib": 7,
            "googlebatch_max_run_duration": "2h",
        },
        threads=8,
    )

    assert found == (250, 1500, 7, 7200)


def test_snakemakes_guess_of_50_gb_for_a_job_without_input_is_ignored():
    assert compute({"disk_mb": 50_000}, has_input=False).boot_disk_mib == 0
    # 50,000 MB are 47,684 MiB; 47 steps of 1024 are 48,128.
    assert compute({"disk_mb": 50_000}, has_input=True).boot_disk_mib == 48_128


@pytest.mark.parametrize(
    ("rule", "run"), [({"googlebatch_boot_disk_gb": 50}, {}), ({}, {"boot_disk_gb": 50})]
)
def test_beside_the_size_of_the_whole_boot_disk_nothing_is_added(rule, run):
    # Google Batch ignores bootDiskMib there; a size of 0 gives none.
    assert compute({"disk_mb": 5000, **rule}, **run).boot_disk_mib == 0
    none = {"disk_mb": 5000, "googlebatch_boot_disk_gb": 0}
    assert compute(none, **run).boot_disk_mib == 5120


def test_an_addition_to_a_boot_disk_of_a_given_size_is_refused():
    with pytest.raises(ValueError, match="boot_disk_mib is 7 and boot_disk_gb is 50"):
        compute({"googlebatch_boot_disk_mib": 7}, boot_disk_gb=50)


# 60,000 MB are 57,221 MiB, and 50 GiB are 51,200.
@pytest.mark.parametrize(
    ("resources", "needed"),
    [
        ({"disk_mb": 60_000}, 57_221),
        ({"disk_mb": 30_000, "googlebatch_work_tasks_per_node": 2}, 2 * 28_611),
        ({"disk_mb": 30_000}, None),
        ({"disk_mb": 60_000, "googlebatch_boot_disk_gb": 60}, None),
        ({"disk_mb": 60_000, "googlebatch_boot_disk_gb": 0}, None),
    ],
)
def test_a_need_of_disk_that_is_ignored_and_does_not_fit_is_told_with_its_remedy(resources, needed):
    text = disk_warning(resources, settings(boot_disk_gb=50), has_input=True)

    if needed is None:
        assert text is None
    else:
        assert f"asks for {needed} MiB" in text
        assert "Raise googlebatch_boot_disk_gb" in text


def test_snakemakes_guess_for_a_job_without_input_is_no_need_of_disk():
    assert disk_warning({"disk_mb": 50_000}, settings(boot_disk_gb=30), has_input=False) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3600s", 3600), ("90m", 5400), ("10h", 36_000), ("2d", 172_800), (60, 60)],
)
def test_time_limits_have_units(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1w", "-5s", "ten"])
def test_a_malformed_time_limit_is_refused(text):
    with pytest.raises(ValueError, match="3600s"):
        duration(text)


def test_a_time_limit_beyond_14_days_is_refused():
    with pytest.raises(ValueError, match="14 days"):
        compute({"runtime": 15 * 24 * 60})


@pytest.mark.parametrize("value", ["much", 0, -1])
def test_a_resource_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="googlebatch_memory"):
        compute({"googlebatch_memory": value})
