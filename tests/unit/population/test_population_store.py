import http.server
import inspect
import threading
from functools import partial

import numpy as np
import pytest

from epyflow.errors import PopulationError
from epyflow.files import is_below
from epyflow.population import remote
from epyflow.population.store import PopulationStore

LAYERS = ("school", "work", "home", "community")


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, *args):
        del args

    def do_GET(self):
        type(self).asked.append(self.path)
        super().do_GET()


@pytest.fixture
def website(tmp_path, add_place, monkeypatch):
    """A web server with France and, in the spelling of v1.2.0, New York; yields what is asked."""
    root = tmp_path / "site"
    matrices = dict.fromkeys(LAYERS, np.array([[1.0, 2.0], [3.0, 4.0]]))
    add_place(root, "France", {"0-17": 5, "18+": 6}, matrices)
    add_place(root, "United_States__New_York", {"0-17": 7, "18+": 8}, matrices)
    add_place(root, "United_States__New_York__St._Mary's_County", {"0-17": 1, "18+": 2}, matrices)
    Quiet.asked = []
    handler = partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(remote, "base_url", lambda: address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield Quiet.asked
        server.shutdown()
        thread.join()


@pytest.fixture
def no_network(monkeypatch):
    def refuse(url):
        raise OSError(f"no network for {url}")

    monkeypatch.setattr(remote, "download", refuse)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(
        PopulationError, match=r"there is no folder .*nope.*expected either the two"
    ):
        PopulationStore.open(tmp_path / "nope")


@pytest.mark.parametrize("files", [[], ["population.csv"], ["locations.csv"]])
def test_a_folder_without_the_expected_files_is_refused_naming_them(tmp_path, files):
    for name in files:
        (tmp_path / name).touch()

    with pytest.raises(PopulationError, match="holds no population data") as error:
        PopulationStore.open(tmp_path)

    for name in ("population.csv", "contacts.csv", "locations.csv", "folder data"):
        assert name in str(error.value)


def test_a_folder_of_both_kinds_is_refused(tables):
    (tables / "locations.csv").touch()
    (tables / "data").mkdir()

    with pytest.raises(PopulationError, match="two kinds of population data"):
        PopulationStore.open(tables)


def test_without_a_folder_and_remote_data_the_store_is_empty():
    store = PopulationStore.open(None, remote=False)

    assert store.names() == ()
    with pytest.raises(PopulationError, match=r"none is given as population_data.* not allowed"):
        store.load("US-NY", ["0+"])


def test_a_population_of_the_folder_is_read_without_the_network(tables, no_network, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    assert store.load("US-NY", ["0-17", "18+"]).sizes.tolist() == [40, 60]
    assert store.names() == ("United_States_New_York",)


def test_a_population_that_only_the_folder_knows_has_no_iso_code(tiny):
    store = PopulationStore.open(tiny, remote=False)

    assert store.find("Testland").iso is None
    assert store.load("Testland", ["0+"]).location is None


def test_a_known_place_that_the_folder_lacks_is_refused_naming_what_it_holds(tables):
    store = PopulationStore.open(tables, remote=False)

    with pytest.raises(PopulationError, match=r"no population France in .*New_York.*not allowed"):
        store.load("FR", ["0+"])


def test_the_nearest_names_of_the_store_are_offered(tiny):
    with pytest.raises(PopulationError, match=r'no population "Testlnd" \(did you mean Testland\?'):
        PopulationStore.open(tiny, remote=False).load("Testlnd", ["0+"])


def test_age_groups_are_checked_before_anything_is_read(tables):
    with pytest.raises(PopulationError, match=r'"65\+" begins at 65'):
        PopulationStore.open(tables, remote=False).load("US-NY", ["65+"])


def test_the_folder_may_spell_a_state_with_two_underscores(tmp_path, add_place):
    matrices = dict.fromkeys(LAYERS, np.ones((2, 2)))
    add_place(tmp_path, "United_States__New_York", {"0-17": 7, "18+": 8}, matrices)
    store = PopulationStore.open(tmp_path, remote=False)

    assert store.names() == ("United_States_New_York",)
    for text in ("US-NY", "United_States_New_York", "United_States__New_York"):
        population = store.load(text, ["0-17", "18+"])
        assert (population.name, population.location) == ("United_States_New_York", "US-NY")


def test_what_the_folder_lacks_is_downloaded_once(website, tables, tmp_path):
    cache = tmp_path / "cache"

    first = PopulationStore.open(tables, cache=cache).load("FR", ["0+"])
    asked = list(website)
    second = PopulationStore.open(tables, cache=cache).load("FR", ["0+"])

    assert first.sizes.tolist() == second.sizes.tolist() == [11]
    assert (first.name, first.location) == ("France", "FR")
    assert len(asked) == 6  # the list, the persons and four layers
    assert website == asked
    assert not list(cache.rglob(".download-*"))


def test_downloaded_files_are_named_for_hashing(website, tmp_path):
    store = PopulationStore.open(None, cache=tmp_path / "cache")

    files = store.files("France")

    assert len(files) == 6
    assert all(file.is_relative_to(tmp_path / "cache" / remote.DATA_VERSION) for file in files)
    assert all(file.is_file() for file in files)


def test_without_a_folder_all_names_are_remote_and_states_are_found(website, tmp_path):
    store = PopulationStore.open(None, cache=tmp_path / "cache")

    assert store.names() == (
        "France",
        "United_States_New_York",
        "United_States_New_York_St._Mary's_County",
    )
    assert store.load("US-NY", ["0+"]).sizes.tolist() == [15]
    assert store.fine("US-NY").sizes.tolist() == [7.0, 8.0]


def test_a_place_that_only_the_remote_data_know_is_found(website, tables, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    county = store.load("United_States__New_York__St._Mary's_County", ["0+"])

    assert county.name == "United_States_New_York_St._Mary's_County"
    assert county.sizes.tolist() == [3]


def test_a_place_that_neither_has_is_refused(website, tables, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    with pytest.raises(PopulationError, match=r"no population Spain in .*nor in the remote data"):
        store.load("ES", ["0+"])
    with pytest.raises(PopulationError, match=r'"Frnce" \(did you mean France'):
        store.load("Frnce", ["0+"])


def test_a_file_missing_on_the_server_is_an_error_and_leaves_nothing_behind(
    website, tmp_path, add_place
):
    (tmp_path / "site/data/France/demographic/age_distribution.csv").unlink()
    cache = tmp_path / "cache"

    with pytest.raises(PopulationError, match=r"age_distribution.csv could not be .*404"):
        PopulationStore.open(None, cache=cache).load("FR", ["0+"])

    assert [path.name for path in cache.rglob("*") if path.is_file()] == ["locations.csv"]


def test_a_download_that_breaks_off_is_an_error_and_leaves_nothing_behind(
    website, tmp_path, monkeypatch
):
    monkeypatch.setattr(Quiet, "copyfile", lambda self, source, out: out.write(source.read()[:-1]))
    cache = tmp_path / "cache"

    with pytest.raises(PopulationError, match=r"locations.csv could not be downloaded"):
        PopulationStore.open(None, cache=cache).names()

    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_out_of_reach_the_error_says_what_both_sources_lack(tables, no_network, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    with pytest.raises(PopulationError) as error:
        store.load("FR", ["0+"])

    message = str(error.value)
    assert f"there is no population France in {tables}" in message
    assert "v1.2.0/locations.csv could not be downloaded" in message
    assert "give its folder as population_data" in message


def test_a_file_that_may_not_be_read_is_refused_with_its_name(tiny, tmp_path):
    path = tiny / "data" / "Testland" / "demographic" / "age_distribution.csv"
    path.symlink_to(path.rename(tmp_path / "secret.csv"))
    store = PopulationStore.open(tiny, remote=False, holds=partial(is_below, folders=[tiny]))

    for read in (store.fine, store.files, store.outline):
        with pytest.raises(PopulationError, match=r"distribution\.csv leads out of the root th"):
            read("Testland")


def test_out_of_reach_an_unknown_name_still_gets_suggestions(tables, no_network, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    with pytest.raises(PopulationError, match=r"did you mean United_States_New_York.*unavailable"):
        store.load("United_States_New_Yrk", ["0+"])


def test_a_file_out_of_reach_is_asked_for_once(tables, tmp_path, monkeypatch):
    asked = []

    def refuse(url):
        asked.append(url)
        raise OSError("timed out")

    monkeypatch.setattr(remote, "download", refuse)
    for _ in range(2):
        store = PopulationStore.open(tables, cache=tmp_path / "cache")
        with pytest.raises(PopulationError, match=r"locations.csv could not be .*timed out"):
            store.load("FR", ["0+"])

    assert len(asked) == 1


def test_a_path_is_refused_without_asking_the_network(tables, no_network, tmp_path):
    store = PopulationStore.open(tables, cache=tmp_path / "cache")

    with pytest.raises(PopulationError, match="there is no population") as error:
        store.load("../secrets", ["0+"])

    assert "unavailable" not in str(error.value)


def test_the_remote_data_are_of_the_version_that_epydemix_reads():
    from epydemix.population.population import load_epydemix_population

    parameters = inspect.signature(load_epydemix_population).parameters
    assert parameters["data_version"].default == remote.DATA_VERSION
    assert remote.base_url().startswith("https://")
    assert remote.base_url().endswith(f"/epydemix-data/{remote.DATA_VERSION}/")
