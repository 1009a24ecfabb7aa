import pytest

from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type, series


@pytest.mark.parametrize(
    ("machine", "disk"),
    [
        ("c4d-standard-2", "hyperdisk-balanced"),
        ("c4-highcpu-8", "hyperdisk-balanced"),
        ("n4-custom-4-5120", "hyperdisk-balanced"),
        ("zones/us-central1-a/machineTypes/c4a-standard-1", "hyperdisk-balanced"),
        ("n1-standard-1", "pd-balanced"),
        ("n2-standard-2", "pd-balanced"),
        ("e2-small", "pd-balanced"),
        ("c2-standard-4", "pd-balanced"),
        ("custom-4-5120", "pd-balanced"),
    ],
)
def test_each_series_boots_from_a_disk_that_it_takes(machine, disk):
    assert boot_disk_type(machine) == disk


def test_a_custom_machine_without_a_series_is_an_n1():
    assert series("custom-4-5120") == "n1"
