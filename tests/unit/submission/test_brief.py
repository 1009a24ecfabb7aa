"""Read the brief of a submission as a worker does."""

from datetime import date

import numpy as np
import pytest

from epyflow.errors import ArtifactError, EpyflowError
from epyflow.submission.brief import RequestedTarget, read_brief, read_hub_of
from tests.unit.submission.briefs import FILES, write_brief

PLACE = "United_States_Massachusetts"


def test_every_part_is_read(tmp_path):
    found = read_brief(write_brief(tmp_path))

    assert found.reference_date == date(2026, 3, 2)
    assert found.targets == (RequestedTarget("cases", (), {"age": "18+"}),)
    assert found.scenario_ids == {"as_now": "A"}
    assert found.spellings == {PLACE: ("Massachusetts", "North")}
    (observed,) = found.observed[PLACE]
    assert observed.dates == (date(2026, 2, 21), date(2026, 2, 28))
    np.testing.assert_array_equal(observed.counts, [3, np.nan])


def test_a_series_that_is_not_known_is_none(tmp_path):
    assert read_brief(write_brief(tmp_path, observed={PLACE: [None]})).observed == {PLACE: (None,)}


def test_the_hubs_files_are_laid_out_and_read(tmp_path):
    folder = tmp_path / "hub"
    folder.mkdir()
    found = read_brief(write_brief(tmp_path))

    hub = found.hub(folder)

    assert {path.name: path.read_text() for path in folder.iterdir()} == FILES
    assert (hub.name, hub.folder.root) == ("Made-up hub", folder)
    assert read_hub_of(found).round_ids == ("2026-03-02", "2026-03-16")


def test_a_mistake_in_the_hubs_files_is_an_error_of_epyflow(tmp_path):
    found = read_brief(write_brief(tmp_path, files=FILES | {"admin.json": "{}"}))

    with pytest.raises(EpyflowError, match=r"admin\.json: name: is missing"):
        read_hub_of(found)


@pytest.mark.parametrize(
    "name", ["/evil", "../evil", "hub-config/../../evil", "tasks.json/..", "custom.R", ""]
)
def test_a_brief_names_no_other_files_than_those_of_a_hub(tmp_path, name):
    path = write_brief(tmp_path, files=FILES | {name: "evil"})

    with pytest.raises(ArtifactError, match="is no file of a hub's configuration"):
        read_brief(path)


@pytest.mark.parametrize("text", ["", "[]", '{"reference_date": "2026-03-02"}', "{"])
def test_a_damaged_file_says_what_to_do(tmp_path, text):
    path = tmp_path / "hub.json"
    path.write_text(text)

    with pytest.raises(ArtifactError, match="delete it and run again"):
        read_brief(path)
    with pytest.raises(ArtifactError, match="not usable"):
        read_brief(tmp_path / "none.json")
