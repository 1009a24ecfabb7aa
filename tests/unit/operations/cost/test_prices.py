import pytest
import yaml

from epyflow.errors import EpyflowError
from epyflow.operations.cost.prices import read_prices
from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type, size

SMALL = {
    "date": "2030-01-02",
    "sources": ["made up"],
    "region": "here",
    "series": {
        "x1": {
            "vcpu_hour": 0.5,
            "gib_hour": 0.25,
            "spot_vcpu_hour": 0.125,
            "spot_gib_hour": 0.0625,
            "disk": "slow",
            "machines": {"standard": {2: 8}},
        }
    },
    "disks": {"slow": 7.3},
    "regions": {"here": {"x1": 1.0}, "there": {"x1": 2.0}, "nowhere": {}},
    "start_up_seconds": [60, 120],
}


def written(tmp_path, **changed):
    path = tmp_path / "prices.yaml"
    path.write_text(yaml.safe_dump(SMALL | changed))
    return path


def test_the_executor_knows_machines_as_the_price_table_does():
    table = read_prices()
    types = {
        f"{name}-{kind}-{vcpus}": (vcpus, 1024 * gib, series.disk)
        for name, series in table.series.items()
        for kind, sizes in series.machines.items()
        for vcpus, gib in sizes.items()
    }

    # The two are kept apart, since the executor is a package of its own.
    assert len(types) > 80
    assert {name: (*size(name), boot_disk_type(name)) for name in types} == types


def test_a_machine_costs_its_vcpus_and_its_memory(tmp_path):
    prices = read_prices(written(tmp_path))

    # 2 × 0.5 + 8 × 0.25; Spot 2 × 0.125 + 8 × 0.0625.
    assert prices.machine_hour("x1-standard-2", "here", spot=False) == 3.0
    assert prices.machine_hour("x1-standard-2", "here", spot=True) == 0.75
    assert prices.machine_hour("x1-standard-2", "there", spot=False) == 6.0


def test_a_disk_is_paid_by_the_month_of_730_hours(tmp_path):
    prices = read_prices(written(tmp_path))

    assert prices.disk_hour("x1-standard-2", "here", 100) == pytest.approx(1.0)  # 7.3 / 730 × 100


@pytest.mark.parametrize(
    ("machine", "spot", "expected"),
    [
        ("c4d-standard-2", False, 0.08988),
        ("c4d-standard-2", True, 0.035),
        ("c4-standard-48", False, 2.37204),
        ("c4-standard-48", True, 1.02672),
        ("n2-standard-8", False, 0.38847),
        ("n2-standard-8", True, 0.12098),
        ("e2-standard-4", False, 0.13402),
        ("e2-standard-4", True, 0.06188),
        ("c4d-highmem-8", False, 0.48185),
    ],
)
def test_the_table_gives_the_machines_of_its_source_their_price(machine, spot, expected):
    # The hourly prices that the catalog named in prices.yaml lists for us-central1.
    found = read_prices().machine_hour(machine, "us-central1", spot=spot)

    assert found == pytest.approx(expected, abs=2e-5)


def test_the_table_says_when_and_from_where():
    prices = read_prices()

    assert prices.date.year >= 2026
    assert any("github.com/skypilot-org/skypilot-catalog" in source for source in prices.sources)


@pytest.mark.parametrize(
    ("machine", "region", "message"),
    [
        ("x1-standard-4", "here", "'x1-standard-4' is not in the price table of 2030-01-02"),
        ("x1-standard-2", "her", "did you mean here"),
        ("x1-standard-2", "nowhere", "has no x1 machines in nowhere"),
    ],
)
def test_what_is_not_in_the_table_is_refused_by_name(tmp_path, machine, region, message):
    with pytest.raises(EpyflowError, match=message):
        read_prices(written(tmp_path)).machine_hour(machine, region, spot=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"disks": {"fast": 1.0}}, "boots from 'slow', which is not in disks"),
        ({"region": "elsewhere"}, "'elsewhere' is not in regions"),
        ({"start_up_seconds": [120, 60]}, "the least is more than the most"),
        ({"disks": {"slow": -1.0}}, "disks.slow: "),
        ({"surcharge": 1}, "surcharge: "),
    ],
)
def test_a_wrong_table_is_refused_with_file_and_key(tmp_path, changed, message):
    path = written(tmp_path, **changed)

    with pytest.raises(EpyflowError, match=message) as caught:
        read_prices(path)

    assert str(path) in str(caught.value)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "list.yaml").write_text("- 1\n")

    with pytest.raises(EpyflowError, match="expected keys and values"):
        read_prices(tmp_path / "list.yaml")
    with pytest.raises(EpyflowError, match=r"absent.yaml: cannot be read"):
        read_prices(tmp_path / "absent.yaml")
