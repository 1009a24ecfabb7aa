import pytest

from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type, series, size


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
        ("", ""),
    ],
)
def test_each_series_boots_from_a_disk_that_it_takes(machine, disk):
    assert boot_disk_type(machine) == disk


def test_a_custom_machine_without_a_series_is_an_n1():
    assert series("custom-4-5120") == "n1"


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("n2-highmem-8", (8, 65_536)),
        ("e2-highcpu-4", (4, 4096)),
        # 2 x 3.875 = 7.75 and 2 x 3.75 = 7.5: a machine has whole GiB.
        ("c4d-standard-2", (2, 7168)),
        ("c4-standard-2", (2, 7168)),
        ("c4d-highmem-8", (8, 64_512)),
        ("zones/us-central1-a/machineTypes/c3-highcpu-4", (4, 8192)),
        ("n2-custom-6-8192", (6, 8192)),
        ("custom-4-5120-ext", (4, 5120)),
        ("a2-highgpu-1g", None),
        ("e2-medium", None),
        ("c2-highmem-4", None),
        ("", None),
    ],
)
def test_the_name_of_a_machine_type_says_its_size(machine, expected):
    assert size(machine) == expected
