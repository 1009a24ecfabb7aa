import pytest

from tests.unit.cli.weekly_hub import clone, snakemake
from tests.unit.experiment.samples import write_data

__all__ = ["clone", "snakemake"]


@pytest.fixture
def root(tmp_path):
    """Return a folder for experiments, with their data."""
    write_data(tmp_path)
    return tmp_path


@pytest.fixture
def atlantis(tmp_path_factory):
    """Return a folder of populations with a place that no codebook knows."""
    folder = tmp_path_factory.mktemp("populations")
    groups = {"0-17": 1000, "18-64": 2000, "65+": 500}
    sizes = (f"Atlantis,{group},{persons}\n" for group, persons in groups.items())
    (folder / "population.csv").write_text("population,age_group,persons\n" + "".join(sizes))
    (folder / "contacts.csv").write_text(
        "population,layer,age_group,contact_age_group,contacts_per_day\n"
        + "".join(
            f"Atlantis,{layer},{one},{other},1\n"
            for layer in ("school", "work", "home", "community")
            for one in groups
            for other in groups
        )
    )
    return folder
