"""An upload overwrites what is meant to be overwritten, and nothing else."""

import time
from types import SimpleNamespace

import pytest
from counting_proxy import Fault

from snakemake_storage_plugin_gcs_indexed import bucket_client
from snakemake_storage_plugin_gcs_indexed.errors import ChangedByOthersError


def uploads(storage) -> list[str]:
    return [seen.query["ifGenerationMatch"] for seen in storage.log if seen.kind == "upload"]


def test_a_new_file_takes_one_request_and_expects_nothing(make, storage):
    make("a", b"mine").store_object()

    assert storage.counts() == {"upload": 1}
    assert uploads(storage) == ["0"]


def test_what_we_have_seen_is_replaced_if_it_is_still_the_same(make, storage, someone_else):
    generation = someone_else.write("a", b"old")
    made = make("a", b"mine")
    assert made.exists()

    made.store_object()

    assert someone_else.read("a") == b"mine"
    assert uploads(storage) == [str(generation)]


def test_we_replace_our_own(make, someone_else):
    for content in (b"one", b"two", b"three"):
        make("a", content).store_object()

    assert someone_else.read("a") == b"three"


def test_what_changed_since_we_looked_is_kept(make, someone_else):
    someone_else.write("a", b"old")
    made = make("a", b"mine")
    assert made.exists()
    generation = someone_else.write("a", b"theirs")

    with pytest.raises(ChangedByOthersError, match=f"it is generation {generation}") as caught:
        made.store_object()

    assert "run again" in str(caught.value)
    assert someone_else.read("a") == b"theirs"


def test_what_appeared_since_we_looked_is_kept(make, someone_else):
    made = make("a", b"mine")
    assert not made.exists()
    someone_else.write("a", b"theirs")

    with pytest.raises(ChangedByOthersError, match="no object was expected"):
        made.store_object()

    assert someone_else.read("a") == b"theirs"


def test_what_disappeared_since_we_looked_is_written(make, someone_else):
    someone_else.write("a", b"old")
    made = make("a", b"mine")
    assert made.exists()
    someone_else.remove("a")

    made.store_object()

    assert someone_else.read("a") == b"mine"


def test_without_having_looked_an_older_output_is_replaced(make, storage, someone_else):
    someone_else.write("a", b"of an earlier attempt")
    made = make("a", b"mine")
    # As if this process had begun an hour after that.
    made.indexed.bucket._opened += 3600

    made.store_object()

    assert someone_else.read("a") == b"mine"
    assert storage.counts() == {"upload": 2, "metadata": 1}


def test_an_older_output_of_the_same_bytes_gets_a_new_time(make, storage, someone_else):
    before = someone_else.write("a", b"the same")
    made = make("a", b"the same")
    made.indexed.bucket._opened += 3600

    made.store_object()

    assert uploads(storage) == ["0", str(before)]


def test_without_having_looked_what_was_written_meanwhile_is_kept(make, someone_else):
    made = make("a", b"mine")
    made.indexed.bucket._opened -= 3600
    someone_else.write("a", b"of the attempt that replaced us")

    with pytest.raises(ChangedByOthersError):
        made.store_object()

    assert someone_else.read("a") == b"of the attempt that replaced us"


def test_the_same_bytes_by_somebody_else_are_as_good_as_ours(make, storage, someone_else):
    made = make("a", b"the same")
    assert not made.exists()
    someone_else.write("a", b"the same")
    storage.log.clear()

    made.store_object()

    assert storage.counts() == {"upload": 1, "metadata": 1}
    assert made.size() == 8


def test_an_upload_whose_answer_is_lost_is_recognised(make, storage, someone_else):
    storage.fail("upload", Fault("lose"))
    made = make("a", b"mine")

    made.store_object()

    assert someone_else.read("a") == b"mine"
    assert storage.counts() == {"upload": 2, "metadata": 1}
    assert made.mtime() == someone_else.bucket.get_blob("a").updated.timestamp()


def test_of_two_processes_that_write_the_same_object_one_is_told(make, someone_else):
    first, second = make("a", b"first", retries=1), make("a", retries=1)
    assert not first.exists()
    assert not second.exists()
    first.store_object()
    second.local_path().write_bytes(b"second")

    with pytest.raises(ChangedByOthersError):
        second.store_object()

    assert someone_else.read("a") == b"first"


def test_googles_clock_counts_not_ours(make, storage, someone_else, monkeypatch):
    someone_else.write("a", b"of an earlier attempt")
    time.sleep(1.1)
    # This machine is an hour behind: the earlier output seems to come from the future.
    monkeypatch.setattr(bucket_client, "time", SimpleNamespace(time=lambda: time.time() - 3600))
    made = make("a", b"mine", retries=2)

    made.store_object()

    assert someone_else.read("a") == b"mine"
