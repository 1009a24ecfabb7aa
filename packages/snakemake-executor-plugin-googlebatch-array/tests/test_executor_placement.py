"""Zones and GPUs of VMs."""

import pytest

from snakemake_executor_plugin_googlebatch_array.placement import Gpus, gpus, zones

T4 = "nvidia-tesla-t4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, []),
        ("", []),
        ("us-central1-a", ["us-central1-a"]),
        ("us-central1-a, us-central1-ai1a", ["us-central1-a", "us-central1-ai1a"]),
    ],
)
def test_zones_are_separated_by_commas(text, expected):
    assert zones(text, "us-central1") == expected


@pytest.mark.parametrize("text", ["us-east1-b", "us-central1", "a", "zones/us-central1-a"])
def test_a_zone_that_is_not_in_the_region_is_refused(text):
    with pytest.raises(ValueError, match="expected zones such as us-central1-a"):
        zones(f"us-central1-a,{text}", "us-central1")


@pytest.mark.parametrize(
    ("resources", "machine", "expected"),
    [
        ({}, "n1-standard-4", None),
        ({"gpu": 0}, "n2-standard-4", None),
        ({"gpu": 2, "gpu_model": T4}, "n1-standard-4", Gpus(T4, 2)),
        ({"gpu": 1, "gpu_model": T4}, "custom-4-5120", Gpus(T4, 1)),
        ({"gpu": 1, "gpu_model": T4, "gpu_manufacturer": "NVIDIA"}, "", Gpus(T4, 1)),
        # The machine has its GPUs: there is none to attach.
        ({"gpu": 1}, "g2-standard-4", Gpus("", 1)),
        ({"gpu": 1, "gpu_model": "nvidia-l4"}, "g2-standard-4", Gpus("", 1)),
        # As in the stock plugin.
        ({"nvidia_gpu": 2}, "n1-standard-4", Gpus(T4, 2)),
        ({"nvidia_gpu": "nvidia-tesla-v100"}, "n1-standard-4", Gpus("nvidia-tesla-v100", 1)),
    ],
)
def test_snakemakes_resources_become_gpus_of_the_vm(resources, machine, expected):
    assert gpus(resources, machine, 1) == expected


def test_each_task_of_a_vm_has_gpus_of_its_own():
    assert gpus({"gpu": 2, "gpu_model": T4}, "n1-standard-8", 2) == Gpus(T4, 4)


@pytest.mark.parametrize(
    ("resources", "machine", "message"),
    [
        ({"gpu": 1, "gpu_model": T4}, "c2-standard-4", "type c2-standard-4 take no GPU; set"),
        ({"gpu": 1}, "n1-standard-4", "gpu_model is ''; n1-standard-4 takes nvidia-tesla-p100 or"),
        ({"gpu": 1}, "", "gpu_model is ''; a machine that Google Batch chooses takes"),
        ({"gpu": 1, "gpu_model": "nvidia-l4"}, "n1-standard-4", "gpu_model is 'nvidia-l4'"),
        ({"gpu": 1, "gpu_model": T4}, "g2-standard-4", "g2-standard-4 takes nvidia-l4"),
        ({"gpu": 1, "gpu_manufacturer": "amd"}, "n1-standard-4", "gpu_manufacturer is 'amd'"),
        ({"gpu": "many"}, "n1-standard-4", "gpu is 'many'; expected how many"),
        ({"gpu": 1, "nvidia_gpu": 1}, "n1-standard-4", "remove nvidia_gpu"),
    ],
)
def test_gpus_that_a_machine_cannot_have_are_refused(resources, machine, message):
    with pytest.raises(ValueError, match=message):
        gpus(resources, machine, 1)
