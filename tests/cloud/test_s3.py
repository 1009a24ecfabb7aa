import hashlib
from base64 import b64encode
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from botocore.response import StreamingBody
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from epyflow.errors import EpyflowError, UnreachableError
from epyflow.storage import s3, stored_file
from epyflow.storage.disk import storage_at
from epyflow.storage.s3 import S3Bucket
from tests.cloud.s3_server import BUCKET
from tests.storage_contract import StorageContract, VersionsContract


@pytest.fixture
def bucket(amazon: dict[str, str], s3_prefix: str) -> S3Bucket:
    return S3Bucket(s3_prefix)


class TestS3(StorageContract, VersionsContract):
    @pytest.fixture
    def storage(self, bucket: S3Bucket) -> S3Bucket:
        return bucket


def test_a_version_that_is_replaced_while_it_is_removed_stays(bucket, monkeypatch):
    first = bucket.write_version("a", b"1", None)
    found = bucket.read_version("a")
    bucket.write_version("a", b"2", first)

    with monkeypatch.context() as patch:
        patch.setattr(S3Bucket, "read_version", lambda *_: found)
        bucket.remove_version("a", first)

    assert bucket.read("a") == b"2"


@pytest.mark.parametrize(("code", "left"), [("NotImplemented", None), ("AccessDenied", b"1")])
def test_a_server_without_conditional_deletion_deletes_and_another_error_is_one(
    bucket, monkeypatch, code, left
):
    version = bucket.write_version("a", b"1", None)
    refused = ClientError({"Error": {"Code": code}}, "DeleteObject")
    monkeypatch.setattr(bucket._client, "delete_object", Mock(side_effect=refused))

    with nullcontext() if left is None else pytest.raises(EpyflowError, match=code):
        bucket.remove_version("a", version)

    assert bucket.read("a") == left


def test_the_gate_opens_a_bucket_of_s3(amazon, s3_prefix):
    opened = storage_at(f"{s3_prefix}/")

    assert isinstance(opened, S3Bucket)
    assert opened.uri == s3_prefix


def test_the_checksum_is_known_unless_an_object_was_uploaded_in_parts(bucket, tmp_path):
    (tmp_path / "large").write_bytes(bytes(9_000_000))

    bucket.write("a/one", b"1")
    bucket.upload(tmp_path / "large", "a/large")

    one = b64encode(hashlib.md5(b"1", usedforsecurity=False).digest()).decode()
    assert bucket.names("a") == {"one": one, "large": None}
    assert bucket.below("a")["large"].size == 9_000_000


def test_a_folder_that_the_console_made_is_no_file(bucket):
    bucket.write("a/", b"")
    bucket.write("a/b/", b"")
    bucket.write("a/one", b"1")

    assert set(bucket.names("a")) == set(bucket.below("a")) == {"one"}


def test_more_files_than_a_page_of_the_listing_are_listed_and_removed(bucket, s3_prefix):
    folder = s3_prefix.removeprefix(f"s3://{BUCKET}/")
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(1001):  # without requests, which take longer
        backend.put_object(BUCKET, f"{folder}/many/{number:04d}", b"")
    names = bucket.names("many")

    bucket.remove(f"many/{name}" for name in names)

    assert len(names) == 1001
    assert bucket.names("many") == {}


def test_a_file_that_is_too_large_is_refused_before_it_is_read(bucket, monkeypatch):
    monkeypatch.setattr(stored_file, "LARGEST_READ", 3)
    monkeypatch.setattr(StreamingBody, "read", lambda _: pytest.fail("was read"))
    bucket.write("large", b"1234")

    with pytest.raises(EpyflowError, match=r"large has more than 3 bytes"):
        bucket.read("large")


def test_an_interrupted_download_is_repeated_and_then_explained(bucket, monkeypatch):
    whole, failures = StreamingBody.read, []

    def read(body, *size):
        if len(failures) < most:
            failures.append(1)
            raise ResponseStreamingError(error="connection reset")
        return whole(body, *size)

    bucket.write("a", b"1")
    monkeypatch.setattr(StreamingBody, "read", read)

    most = 2
    assert bucket.read("a") == b"1"
    failures.clear()
    assert bucket.read_version("a").data == b"1"
    most = 100
    with pytest.raises(EpyflowError, match=r"/a: .*connection reset.*run the command again"):
        bucket.read("a")
    assert len(failures) == 2 + 5


@pytest.mark.parametrize(
    "ask",
    [
        lambda bucket: bucket.names(""),
        lambda bucket: bucket.read("a"),
        lambda bucket: bucket.write("a", b""),
        lambda bucket: bucket.upload(Path(__file__), "a"),
        lambda bucket: bucket.remove(["a"]),
    ],
    ids=["names", "read", "write", "upload", "remove"],
)
def test_a_bucket_that_is_not_there_is_named_with_what_to_do(amazon, ask):
    with pytest.raises(EpyflowError, match=r"s3://no-such-bucket/x.*aws s3 mb s3://"):
        ask(S3Bucket("s3://no-such-bucket/x"))


def test_a_login_that_is_missing_is_asked_for(amazon, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(EpyflowError, match="log in: aws configure"):
        S3Bucket(f"s3://{BUCKET}/x").names("")


def test_a_server_that_is_not_there_is_named(amazon, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(s3, "_ATTEMPTS", 1)

    with pytest.raises(EpyflowError, match=r"http://127.0.0.1:9.*check the settings of AWS"):
        S3Bucket(f"s3://{BUCKET}/x").names("")


@pytest.mark.parametrize(
    ("status", "kind"), [(503, UnreachableError), (429, UnreachableError), (400, EpyflowError)]
)
def test_a_service_that_is_busy_is_told_from_one_that_refuses(status, kind):
    answer = {"ResponseMetadata": {"HTTPStatusCode": status}}

    with pytest.raises(EpyflowError) as told, S3Bucket("s3://bucket/p")._explained("a"):
        raise ClientError(answer, "PutObject")

    assert type(told.value) is kind
