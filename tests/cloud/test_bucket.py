import hashlib
from base64 import b64encode

import pytest

from epyflow.errors import EpyflowError
from epyflow.storage.bucket import Bucket
from tests.cloud.clouded import open_bucket


@pytest.fixture
def bucket(storage_only: dict[str, str], prefix: str) -> Bucket:
    return open_bucket(prefix, storage_only)


def md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_what_is_written_is_listed_with_its_checksum_and_read(bucket):
    bucket.write("a/b/one.txt", b"1")
    bucket.write("a/b/two.txt", b"2")
    bucket.write("a/b/below/three.txt", b"3")
    bucket.write("a/bc.txt", b"4")

    assert bucket.names("a/b") == {"one.txt": md5(b"1"), "two.txt": md5(b"2")}
    assert bucket.read("a/b/one.txt") == b"1"
    assert bucket.read_all(["a/b/two.txt", "a/b/four.txt"]) == {"a/b/two.txt": b"2"}


def test_what_is_written_again_is_replaced(bucket):
    bucket.write("a", b"1")
    bucket.write("a", b"2")

    assert bucket.read("a") == b"2"


def test_a_file_that_is_uploaded_is_an_object(bucket, tmp_path):
    (tmp_path / "here").write_bytes(b"1")

    bucket.upload(tmp_path / "here", "a/b")

    assert bucket.names("a") == {"b": md5(b"1")}


def test_more_files_than_a_page_of_the_listing_are_listed(bucket):
    for number in range(1001):
        bucket.write(f"many/{number:04d}", b"")

    assert len(bucket.names("many")) == 1001


def test_what_is_not_there_is_nothing(bucket):
    assert bucket.names("nowhere") == {}
    assert bucket.read("nowhere/a") is None
    bucket.remove(["nowhere/a"])


def test_what_is_removed_is_gone_and_the_rest_stays(bucket):
    for name in ("a", "b", "c"):
        bucket.write(f"x/{name}", b"")

    bucket.remove(["x/a", "x/c"])

    assert set(bucket.names("x")) == {"b"}


def test_a_bucket_that_is_not_there_is_named_with_what_to_do(storage_only):
    with pytest.raises(EpyflowError, match=r"gs://no-such-bucket.* 404 .*buckets create gs://"):
        open_bucket("gs://no-such-bucket/epyflow", storage_only)
