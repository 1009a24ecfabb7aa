"""Files and directories go to the bucket and come back as they were."""

import shutil
from pathlib import Path

import pytest
from snakemake_interface_common.exceptions import WorkflowError

NAMES = [
    "plain.txt",
    "with space/and tab\t.txt",
    "ümläut/数据.csv",
    "a#fragment",
    "a?query=1&b=2",
    "100%25.txt",
    "plus+and,comma;colon:at@.txt",
    "deep/er/than/the/rest",
]


def local_bytes(made) -> bytes:
    return Path(made.local_path()).read_bytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"some text\n", bytes(range(256)) * 5000])
def test_a_file_comes_back_as_it_was(make, name, content, someone_else):
    stored = make(name, content)
    stored.store_object()

    assert someone_else.read(name) == content
    fresh = make(name, retries=0)
    fresh.local_path().unlink()
    fresh.retrieve_object()
    assert local_bytes(fresh) == content


def test_its_size_is_in_bytes_and_its_time_is_the_buckets(make, someone_else):
    someone_else.write("a", b"12345")

    assert make("a").size() == 5
    assert make("a").mtime() == someone_else.bucket.get_blob("a").updated.timestamp()


def test_an_upload_tells_size_and_time_without_another_request(make, storage, someone_else):
    made = make("a", b"12345")
    made.store_object()

    assert (made.exists(), made.size()) == (True, 5)
    assert made.mtime() == someone_else.bucket.get_blob("a").updated.timestamp()
    assert storage.counts() == {"upload": 1}


@pytest.mark.parametrize("ask", ["size", "mtime", "retrieve_object", "touch"])
def test_what_is_not_there_is_said_so(make, ask):
    absent = make("absent")

    assert not absent.exists()
    with pytest.raises(WorkflowError, match=r"gs://bucket-[0-9]+/absent"):
        getattr(absent, ask)()


def test_removing_what_is_not_there_is_no_error(make, someone_else):
    make("absent").remove()
    made = make("a", b"x")
    made.store_object()
    someone_else.remove("a")

    made.remove()

    assert not made.exists()


def test_what_was_removed_is_gone(make, someone_else):
    made = make("a", b"x")
    made.store_object()

    made.remove()

    assert not made.exists()
    assert someone_else.names() == []


def test_touching_changes_the_time_and_nothing_else(make, someone_else):
    someone_else.write("a", b"content")
    before = make("a").mtime()

    make("a").touch()

    assert make("a").mtime() > before
    assert make("a", retries=0).mtime() == make("a").mtime()
    assert someone_else.read("a") == b"content"


@pytest.fixture
def tree(make):
    """A directory with files, a directory in it, and empty directories."""
    directory = make("some/dir")
    local = Path(directory.local_path())
    for name in ("one.txt", "sub/two#2.txt", ".snakemake_timestamp"):
        (local / name).parent.mkdir(parents=True, exist_ok=True)
        (local / name).write_text(name)
    (local / "empty/er").mkdir(parents=True)
    return directory


def files_below(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


def test_a_directory_comes_back_with_all_that_is_in_it(make, tree, someone_else):
    before = files_below(tree.local_path())
    tree.store_object()
    someone_else.write("some/dir-not-in-it", b"x")
    shutil.rmtree(tree.local_path())

    fresh = make("some/dir", retries=0)
    assert fresh.exists()
    assert fresh.size() == 0
    fresh.retrieve_object()

    assert files_below(fresh.local_path()) == before
    assert (Path(fresh.local_path()) / "sub/two#2.txt").read_text() == "sub/two#2.txt"


def test_an_empty_directory_comes_back_as_a_directory(make):
    empty = make("nothing/in/it")
    Path(empty.local_path()).mkdir(parents=True)
    empty.store_object()
    Path(empty.local_path()).rmdir()

    fresh = make("nothing/in/it", retries=0)
    assert fresh.exists()
    fresh.retrieve_object()

    assert files_below(fresh.local_path()) == set()


def test_a_directory_is_as_new_as_its_newest_file(make, tree, someone_else):
    tree.store_object()
    someone_else.write("some/dir/newest", b"x")

    newest = someone_else.bucket.get_blob("some/dir/newest").updated.timestamp()
    assert make("some/dir", retries=0).mtime() == newest


def test_a_retrieved_directory_holds_nothing_of_an_older_one(make, tree):
    tree.store_object()
    stale = Path(tree.local_path()) / "stale.txt"
    stale.write_text("of an earlier run")

    make("some/dir", retries=0).retrieve_object()

    assert not stale.exists()


def test_removing_a_directory_removes_all_of_it_and_nothing_else(make, tree, someone_else):
    tree.store_object()
    someone_else.write("some/dir.txt", b"x")

    make("some/dir", retries=0).remove()

    assert someone_else.names() == ["some/dir.txt"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [("d/../../escaped", "outside of its directory"), ("d/a\0b", "no local file can have")],
)
def test_a_name_that_no_file_of_its_directory_can_have_is_refused(
    make, someone_else, name, problem
):
    someone_else.write(name, b"x")

    with pytest.raises(WorkflowError, match=problem):
        make("d").retrieve_object()


def test_local_files_are_complete_or_absent(make, someone_else, storage):
    someone_else.write("a", b"x" * 1000)
    made = make("a")
    seen = []
    storage.rules.append(lambda request: seen.append(made.local_path().exists()))

    made.retrieve_object()

    assert seen == [False]
    assert [path.name for path in made.local_path().parent.iterdir()] == ["a"]


def test_wildcards_are_matched_against_the_bucket(make, bucket, someone_else):
    for name in ("in/a.txt", "in/b c.txt", "out/a.txt", "in/empty/"):
        someone_else.write(name)

    found = make("in/{sample}.txt").list_candidate_matches()

    assert sorted(found) == [f"gs://{bucket}/in/a.txt", f"gs://{bucket}/in/b c.txt"]


def test_a_gcs_query_is_the_same_object_as_a_gs_query(make, provider, bucket):
    one, other = (provider().object(f"{scheme}://{bucket}/a/b") for scheme in ("gs", "gcs"))

    assert one.query == other.query
    assert one.local_path() == other.local_path()


def test_a_file_that_google_decompresses_is_stored_decompressed(make, someone_else):
    import gzip

    blob = someone_else.bucket.blob("a.txt")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"text"))
    made = make("a.txt")

    made.retrieve_object()

    assert local_bytes(made) == b"text"
