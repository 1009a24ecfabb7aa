import gzip
import hashlib
from base64 import b64encode

import pytest
from google.api_core import exceptions as api

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.storage.bucket import Bucket
from tests.cloud.clouded import open_bucket
from tests.storage_contract import StorageContract, VersionsContract


@pytest.fixture
def bucket(storage_only: dict[str, str], prefix: str) -> Bucket:
    return open_bucket(prefix, storage_only)


class TestBucket(StorageContract, VersionsContract):
    @pytest.fixture
    def storage(self, bucket: Bucket) -> Bucket:
        return bucket


def md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_what_is_written_is_listed_with_its_checksum(bucket):
    bucket.write("a/b/one.txt", b"1")
    bucket.write("a/b/two.txt", b"2")

    assert bucket.names("a/b") == {"one.txt": md5(b"1"), "two.txt": md5(b"2")}


def test_a_file_that_is_uploaded_is_an_object(bucket, tmp_path):
    (tmp_path / "here").write_bytes(b"1")

    bucket.upload(tmp_path / "here", "a/b")

    assert bucket.names("a") == {"b": md5(b"1")}


def test_more_files_than_a_page_of_the_listing_are_listed(bucket):
    for number in range(1001):
        bucket.write(f"many/{number:04d}", b"")

    assert len(bucket.names("many")) == 1001


def test_a_version_that_is_said_to_be_compressed_is_read_as_it_is(bucket):
    packed = gzip.compress(bytes(3_000_000))
    blob = bucket._blob("lease.json")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed)

    assert bucket.read_version("lease.json").data == packed


def test_a_bucket_that_is_not_there_is_named_with_what_to_do(storage_only):
    with pytest.raises(EpyflowError, match=r"gs://no-such-bucket.* 404 .*buckets create gs://"):
        open_bucket("gs://no-such-bucket/epyflow", storage_only)


@pytest.mark.parametrize(("kind", "unreadable"), [(api.Forbidden, True), (api.Conflict, False)])
def test_an_object_that_may_not_be_read_is_told_from_a_bucket_that_does_not_answer(
    monkeypatch, kind, unreadable
):
    class Client:
        def bucket(self, name: str) -> "Client":
            raise kind("no")

    monkeypatch.setattr(Bucket, "_client", Client())

    for read in (Bucket("gs://bucket/x").read, Bucket("gs://bucket/x").read_version):
        with pytest.raises(EpyflowError, match=r"gs://bucket/x/a: 40. no; ") as caught:
            read("a")
        assert isinstance(caught.value, UnreadableError) is unreadable
