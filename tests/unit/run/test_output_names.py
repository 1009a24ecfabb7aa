"""What a plan may make is told by its name from a user's own files beside it."""

import pytest

from epyflow.run.output_names import is_output_name, is_own_name, is_partition
from epyflow.tables import TABLES
from forecast_hub.scoring.table_names import RELATIVE
from forecast_hub.scoring.table_names import TABLES as SCORES

PLACE = "United_States_New_York"
MADE = [
    *(f"outputs/{name}.{kind}" for name in TABLES for kind in ("csv.gz", "parquet")),
    *(f"outputs/{name}.parquet/{PLACE}.parquet" for name in TABLES if "trajectories" in name),
    *("outputs/run_metadata.json", "outputs/hub_left_out.json"),
    "outputs/output_hub_formatted.csv.gz",
    *(f"scores/{name}" for name in (*SCORES, RELATIVE)),
    *(f"hub/2030-01-05-uni_a-seir{end}" for end in (".csv", ".parquet", ".csv.findings.json")),
    *(f"figures/fit/{PLACE}.{kind}" for kind in ("svg", "png", "pdf")),
    *(f"figures/{name}" for name in ("tasks.csv", "summary.json", "rate_trends.svg")),
    *("figures/season/Côte d'Ivoire.svg", "figures/posterior_grid.pdf", "figures/model.png"),
    "figures/model_comparison.csv",
]
OWN = [
    *("outputs/notes.md", "outputs/mine.csv.gz", "outputs/mine.parquet", "outputs/posteriors.csv"),
    *("outputs/posteriors.csv.gz.bak", f"outputs/posteriors.parquet/{PLACE}.parquet"),
    *("outputs/trajectories_compartments.parquet/notes.txt", "outputs/sub/posteriors.csv.gz"),
    *("hub/a.csv", "hub/README.md", "hub/2030-01-05-uni-seir.csv.gz", "hub/2030-01-05-uni.csv"),
    *("scores/s.csv", "figures/my.svg", "figures/fit/a/b.svg", "figures/fit/.svg"),
    *("figures/tasks.json", "figures/summary.svg", "notes.md", "mine/outputs/posteriors.csv.gz"),
]


@pytest.mark.parametrize("date", ["", "2030-01-05/"])
def test_outputs_are_told_from_a_users_own_files(date):
    assert [path for path in MADE if not is_output_name(date + path)] == []
    assert [path for path in OWN if is_output_name(date + path)] == []
    assert [path for path in OWN if is_own_name(date + path)] == []
    assert is_own_name(f"{date}complete.txt")
    assert is_own_name(f"{date}builder-artifacts/hub.json")


def test_a_file_of_a_population_is_one_of_a_table_that_is_a_folder():
    assert [path for path in MADE if is_partition(path)] == [
        f"outputs/trajectories_{name}.parquet/{PLACE}.parquet"
        for name in (
            *("compartments", "transitions"),
            *("projection_compartments", "projection_transitions"),
        )
    ]
    assert not any(map(is_partition, OWN))
