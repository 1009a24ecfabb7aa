"""The storage service through Google's own client: what the server keeps and the proxy adds."""

import io
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from emulator_support import Clients
from google.api_core import exceptions
from google.cloud import storage

from google_batch_emulator import FaultPlan, StorageFault
from google_batch_emulator.storage.preconditions import Version, is_last_chunk, violation
from google_batch_emulator.storage.requests import tell_apart

MIB = 2**20


@pytest.fixture
def bucket(clients: Clients) -> storage.Bucket:
    for blob in clients.storage.list_blobs(clients.bucket):
        blob.delete()
    clients.emulator.requests.reset()
    return clients.bucket


def inject(clients: Clients, **fault: object) -> None:
    clients.emulator.faults.replace(FaultPlan(storage=[StorageFault(**fault)]))


def test_an_object_comes_back_with_its_checksums(bucket):
    bucket.blob("a/b c.txt").upload_from_string(b"hello world")

    blob = bucket.get_blob("a/b c.txt")
    assert blob.download_as_bytes() == b"hello world"
    # echo -n "hello world" | md5sum; CRC32C from RFC 3720's polynomial.
    assert blob.md5_hash == "XrY7u+Ae7tCTyyK7j1rNww=="
    assert blob.crc32c == "yZRlqg=="
    assert blob.size == 11
    assert blob.generation > 0


def test_an_upload_in_parts_goes_through_the_proxy(clients, bucket):
    content = os.urandom(3 * MIB)
    blob = bucket.blob("big", chunk_size=MIB)

    blob.upload_from_file(io.BytesIO(content), checksum="md5")

    assert blob.download_as_bytes(start=5, end=9) == content[5:10]
    assert bucket.blob("big").download_as_bytes() == content
    counts = clients.emulator.requests.counts()
    assert counts["storage.upload"] == 1
    # The client does not know the size: it sends three parts, and then the end.
    assert counts["storage.upload-chunk"] == 4


def test_a_generation_that_is_not_there_is_a_failed_precondition(bucket):
    blob = bucket.blob("once")
    blob.upload_from_string(b"1", if_generation_match=0)
    generation = blob.generation

    for wrong in (0, 1):
        with pytest.raises(exceptions.PreconditionFailed):
            bucket.blob("once").upload_from_string(b"2", if_generation_match=wrong)
        with pytest.raises(exceptions.PreconditionFailed):
            bucket.blob("once", chunk_size=MIB).upload_from_file(
                io.BytesIO(b"2"), if_generation_match=wrong
            )
        with pytest.raises(exceptions.PreconditionFailed):
            bucket.blob("once").delete(if_generation_match=wrong)
        with pytest.raises(exceptions.PreconditionFailed):
            bucket.blob("once").download_as_bytes(if_generation_match=wrong)
    assert bucket.blob("once").download_as_bytes() == b"1"

    bucket.blob("once").upload_from_string(b"2", if_generation_match=generation)
    assert bucket.blob("once").download_as_bytes() == b"2"


def test_a_generation_that_changes_during_an_upload_in_parts_is_noticed(clients, bucket):
    blob = bucket.blob("raced", chunk_size=MIB)
    blob.upload_from_string(b"first")
    generation = blob.generation

    class Racing(io.BytesIO):
        def read(self, size: int = -1) -> bytes:
            if self.tell() == MIB:
                bucket.blob("raced").upload_from_string(b"meanwhile")
            return super().read(size)

    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_file(Racing(bytes(2 * MIB)), if_generation_match=generation)
    assert bucket.blob("raced").download_as_bytes() == b"meanwhile"


def test_a_wrong_checksum_is_refused(bucket):
    for field, value in (("md5_hash", "1B2M2Y8AsgTpgAmY7PhCfg=="), ("crc32c", "AAAAAA==")):
        blob = bucket.blob("checked")
        setattr(blob, field, value)
        with pytest.raises(exceptions.BadRequest, match="doesn't match calculated"):
            blob.upload_from_string(b"content", checksum=None)
    assert not bucket.blob("checked").exists()


def test_objects_are_listed_copied_and_deleted_in_batches(clients, bucket):
    for name in ("a/1", "a/2", "b/1"):
        bucket.blob(name).upload_from_string(name.encode())

    bucket.copy_blob(bucket.blob("a/1"), bucket, "a/3")
    listed = [blob.name for blob in clients.storage.list_blobs(bucket, prefix="a/", page_size=2)]
    assert listed == ["a/1", "a/2", "a/3"]
    with clients.storage.batch():
        bucket.delete_blob("a/1")
        bucket.delete_blob("a/3")
    assert [blob.name for blob in clients.storage.list_blobs(bucket)] == ["a/2", "b/1"]


def test_a_bucket_that_is_not_there_is_not_found_and_those_that_are_there_are_named(clients):
    absent = clients.storage.bucket("no-such-bucket")

    with pytest.raises(exceptions.NotFound, match="which has: rehearsal"):
        absent.blob("x").upload_from_string(b"x")
    with pytest.raises(exceptions.NotFound, match="--bucket no-such-bucket"):
        list(clients.storage.list_blobs(absent))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, exceptions.Forbidden),
        (429, exceptions.TooManyRequests),
        (503, exceptions.ServiceUnavailable),
    ],
)
def test_a_refused_upload_leaves_nothing(clients, bucket, status, error):
    inject(clients, kind="upload", object="x", status=status)

    with pytest.raises(error):
        bucket.blob("x").upload_from_string(b"content", retry=None)

    assert not bucket.blob("x").exists()
    assert clients.emulator.requests.failures()[f"storage.upload {status}"] == 1
    bucket.blob("x").upload_from_string(b"content")


def test_an_upload_that_may_be_repeated_is_repeated_by_the_client(clients, bucket):
    inject(clients, kind="upload", status=503, times=1)

    bucket.blob("x").upload_from_string(b"content", if_generation_match=0)

    assert bucket.blob("x").download_as_bytes() == b"content"


def test_a_cut_upload_leaves_nothing(clients, bucket):
    inject(clients, kind="upload", action="cut")

    with pytest.raises(requests.ConnectionError):
        bucket.blob("x").upload_from_string(b"content", retry=None)

    assert not bucket.blob("x").exists()


def test_a_lost_reply_leaves_the_object(clients, bucket):
    inject(clients, kind="upload", action="lose-reply")

    with pytest.raises(requests.ConnectionError):
        bucket.blob("x").upload_from_string(b"content", retry=None)

    assert bucket.blob("x").download_as_bytes() == b"content"


def test_a_truncated_upload_is_refused_if_its_checksum_is_known_and_kept_if_not(clients, bucket):
    inject(clients, kind="upload", action="truncate", times=2)

    with pytest.raises(exceptions.BadRequest, match="doesn't match"):
        bucket.blob("checked").upload_from_string(b"12345678", checksum="md5")
    bucket.blob("unchecked").upload_from_string(b"12345678", checksum=None)

    assert not bucket.blob("checked").exists()
    assert bucket.blob("unchecked").download_as_bytes() == b"1234"


@pytest.mark.parametrize("action", ["cut", "truncate", "lose-reply"])
def test_a_broken_download_is_resumed_by_the_client(clients, bucket, action):
    content = os.urandom(MIB)
    bucket.blob("x").upload_from_string(content)
    inject(clients, kind="download", action=action)

    assert bucket.blob("x").download_as_bytes() == content
    assert clients.emulator.requests.failures() == {f"storage.download {action}": 1}


def test_every_request_can_be_late(clients, bucket):
    clients.emulator.faults.replace(FaultPlan(storage_latency_seconds=0.3))
    start = time.monotonic()
    bucket.blob("x").exists()
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(
    ("method", "target", "kind", "name"),
    [
        ("GET", "/storage/v1/b/k/o?prefix=a%2Fb", "list", "a/b"),
        ("GET", "/storage/v1/b/k/o/a%2Fb?fields=name", "get", "a/b"),
        ("GET", "/storage/v1/b/k/o/a%2Fb?alt=media", "download", "a/b"),
        ("GET", "/download/storage/v1/b/k/o/a?alt=media", "download", "a"),
        ("DELETE", "/storage/v1/b/k/o/a", "delete", "a"),
        ("PATCH", "/storage/v1/b/k/o/a", "patch", "a"),
        ("POST", "/upload/storage/v1/b/k/o?uploadType=media&name=a", "upload", "a"),
        ("PUT", "/upload/storage/v1/b/k/o?name=a&upload_id=1", "upload-chunk", "a"),
        ("POST", "/storage/v1/b/k/o/a%2Fb/rewriteTo/b/m/o/c%2Fd", "copy", "c/d"),
        ("POST", "/storage/v1/b/k/o/a%2Fb/compose", "copy", "a/b"),
        ("POST", "/batch/storage/v1", "batch", ""),
        ("GET", "/storage/v1/b/k", "bucket", "k"),
        ("POST", "/storage/v1/b?project=p", "bucket", ""),
        ("GET", "/somewhere", "other", "/somewhere"),
    ],
)
def test_requests_are_told_apart(method, target, kind, name):
    request = tell_apart(method, target, "", b"")
    assert (request.kind, request.name) == (kind, name)


@pytest.mark.parametrize(
    ("query", "version", "reading", "status"),
    [
        ({}, Version(5, 1), False, None),
        ({"ifGenerationMatch": "0"}, Version(), False, None),
        ({"ifGenerationMatch": "0"}, Version(5, 1), False, 412),
        ({"ifGenerationMatch": "5"}, Version(5, 1), False, None),
        ({"ifGenerationMatch": "4"}, Version(5, 1), True, 412),
        ({"ifGenerationNotMatch": "5"}, Version(5, 1), True, 304),
        ({"ifGenerationNotMatch": "5"}, Version(5, 1), False, 412),
        ({"ifGenerationNotMatch": "4"}, Version(5, 1), True, None),
        ({"ifMetagenerationMatch": "2"}, Version(5, 1), False, 412),
        ({"ifMetagenerationNotMatch": "2"}, Version(5, 1), False, None),
    ],
)
def test_preconditions(query, version, reading, status):
    assert violation(query, version, reading) == status


@pytest.mark.parametrize(
    ("header", "received", "last"),
    [
        ("", 0, True),
        ("bytes 0-99/*", 0, False),
        ("bytes 0-99/200", 0, False),
        ("bytes 100-199/200", 100, True),
        ("bytes */200", 100, False),
        ("bytes */200", 200, True),
        ("bytes */0", 0, True),
        ("nonsense", 0, False),
    ],
)
def test_the_last_part_of_an_upload_is_known(header, received, last):
    assert is_last_chunk(header, received) is last


def test_the_clock_of_the_service_may_be_behind(clients, bucket):
    clients.emulator.faults.replace(FaultPlan(storage_clock_seconds=-7200))
    bucket.blob("early").upload_from_string(b"1")

    found = [bucket.get_blob("early"), *clients.storage.list_blobs(bucket)]

    ages = [datetime.now(UTC) - blob.updated for blob in found]
    assert len(ages) == 2
    assert all(timedelta(minutes=119) < age < timedelta(minutes=130) for age in ages)
