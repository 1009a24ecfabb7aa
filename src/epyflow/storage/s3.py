"""Read and write files under a prefix of a bucket of Amazon S3, or of a server with its interface.

Credentials, the region and the server's address are found as the AWS tools find them: environment
variables, ``~/.aws``, the role of a machine. The storage plugin of Snakemake finds them in the same
way.

Sources: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/s3.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and, for the ETag,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC
from functools import cached_property, partial
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from epyflow.errors import EpyflowError, UnreachableError, UnreadableError
from epyflow.storage.stored_file import LARGEST_VERSION, Stored, Version, confirm_readable

_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
"""Codes of a conditional write or deletion that is refused. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html."""

# The number of connections that the client keeps open.
_THREADS = 10
_Content = TypeVar("_Content")

_KEYS_PER_DELETION = 1000
_ATTEMPTS = 5
_INTERRUPTED = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')

_LOG_IN = "log in: aws configure, or aws sso login"
_REMEDIES = {
    301: "set AWS_DEFAULT_REGION to the region of the bucket",
    401: _LOG_IN,
    403: "check the credentials; they need s3:ListBucket on the bucket, and s3:GetObject, "
    "s3:PutObject and s3:DeleteObject on its objects",
    404: "check the bucket's name, or create it: aws s3 mb s3://<bucket>",
}


class S3Bucket:
    """Files under ``s3://bucket/prefix``.

    Every request is retried after a transient error. That is safe: a request reads, or writes
    or deletes the same bytes again.

    Parameters
    ----------
    uri
        ``s3://bucket/prefix``; the prefix may be empty.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._name, prefix = parts.netloc, parts.path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``."""
        return self._uri_of("")

    def names(self, folder: str) -> Mapping[str, str | None]:
        """List the objects directly in a folder, with the MD5 in base64 that their ETag gives.

        It is None for an object that was uploaded in parts. The ETag of one that is encrypted with
        a key of KMS looks like an MD5 and is none.
        """
        return {name: _md5_of(each) for name, each in self._listed(folder, Delimiter="/")}

    def below(self, folder: str) -> Mapping[str, Stored]:
        """List the objects in a folder and all folders below it."""
        return {
            name: Stored(int(each["Size"]), each["LastModified"].astimezone(UTC))
            for name, each in self._listed(folder)
        }

    def unfinished(self, folder: str) -> Mapping[str, Stored]:
        """Return nothing: an object is whole or absent."""
        del folder
        return {}

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """Download an object.

        Raises
        ------
        UnreadableError
            If it is too large, or may not be read; none is read then.
        """
        with self._explained(path, reading=True):
            return _repeated(partial(self._download, path, most))

    def _download(self, path: str, most: int | None) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=self._key(path))
        except self._client.exceptions.NoSuchKey:
            return None
        with closing(answer["Body"]) as body:
            confirm_readable(answer["ContentLength"], self._uri_of(path), most)
            data: bytes = body.read()
        return data

    def read_all(self, paths: Iterable[str], most: int | None = None) -> Mapping[str, bytes]:
        """Download objects, several at a time."""
        wanted = list(paths)
        with ThreadPoolExecutor(_THREADS) as pool:
            found = dict(zip(wanted, pool.map(self.read, wanted, repeat(most)), strict=True))
        return {path: data for path, data in found.items() if data is not None}

    def read_part(self, path: str, start: int, count: int) -> bytes | None:
        """Download a part of an object."""
        with self._explained(path, reading=True):
            return _repeated(partial(self._download_part, path, start, count))

    def _download_part(self, path: str, start: int, count: int) -> bytes | None:
        wanted = f"bytes={start}-{start + count - 1}"
        try:
            answer = self._client.get_object(Bucket=self._name, Key=self._key(path), Range=wanted)
        except self._client.exceptions.NoSuchKey:
            return None
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "InvalidRange":
                return b""
            raise
        with closing(answer["Body"]) as body:
            data: bytes = body.read(count)
        return data

    def write(self, path: str, data: bytes) -> None:
        """Upload an object; it is whole or absent."""
        with self._explained(path):
            self._client.put_object(Bucket=self._name, Key=self._key(path), Body=data)

    def read_version(self, path: str) -> Version | None:
        """Download an object with its ETag, which is the same for equal bytes."""
        with self._explained(path, reading=True):
            return _repeated(partial(self._download_version, path))

    def _download_version(self, path: str) -> Version | None:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=self._key(path))
        except self._client.exceptions.NoSuchKey:
            return None
        with closing(answer["Body"]) as body:
            modified = answer["LastModified"].astimezone(UTC)
            return Version(body.read(LARGEST_VERSION), answer["ETag"], modified)

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        """Upload an object if its ETag is still the one that was read."""
        condition = {"IfNoneMatch": "*"} if replaced is None else {"IfMatch": replaced}
        with self._explained(path):
            try:
                answer = self._client.put_object(
                    Bucket=self._name, Key=self._key(path), Body=data, **condition
                )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _CHANGED:
                    return None
                raise
            return str(answer["ETag"])

    def remove_version(self, path: str, version: str) -> None:
        """Delete an object if its ETag is the one that was read.

        A server that does not know the condition ignores or refuses it; so it is compared before.
        """
        found = self.read_version(path)
        if found is None or found.name != version:
            return
        with self._explained(path):
            try:
                self._client.delete_object(Bucket=self._name, Key=self._key(path), IfMatch=version)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code == "NotImplemented":
                    self.remove([path])
                elif code not in _CHANGED:
                    raise

    def upload(self, file: Path, path: str) -> None:
        """Upload a file, of any size; the object is whole or absent."""
        with self._explained(path), file.open("rb") as content:
            self._client.upload_fileobj(content, self._name, self._key(path))

    def copy(self, targets: Mapping[str, str]) -> None:
        """Copy objects within the bucket, several at a time."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._copy_one, targets, targets.values()))

    def _copy_one(self, source: str, target: str) -> None:
        there = {"Bucket": self._name, "Key": self._key(source)}
        with self._explained(source):
            self._client.copy(there, self._name, self._key(target))

    def remove(self, paths: Iterable[str]) -> None:
        """Delete objects, a thousand in a request."""
        keys = [{"Key": self._key(path)} for path in paths]
        for start in range(0, len(keys), _KEYS_PER_DELETION):
            batch = {"Objects": keys[start : start + _KEYS_PER_DELETION], "Quiet": True}
            with self._explained(""):
                answer = self._client.delete_objects(Bucket=self._name, Delete=batch)
            for wrong in answer.get("Errors", ()):
                raise EpyflowError(
                    f"s3://{self._name}/{wrong.get('Key')}: not deleted, {wrong.get('Code')} "
                    f"{wrong.get('Message')}; the account needs s3:DeleteObject"
                )

    def prune(self, folder: str) -> None:
        """Do nothing: a bucket has no folders."""

    @cached_property
    def _client(self) -> Any:
        with self._explained(""):
            return boto3.session.Session().client(
                "s3",
                config=Config(
                    max_pool_connections=_THREADS,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                    # Servers other than Amazon's do not know the newer checksums.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )

    def _listed(self, folder: str, **options: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the objects in a folder, by their path in it."""
        prefix = self._key(f"{folder.strip('/')}/") if folder.strip("/") else self._prefix
        with self._explained(folder):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._name, Prefix=prefix, **options):
                for each in page.get("Contents", ()):
                    if not each["Key"].endswith("/"):  # a folder, as the console makes them
                        yield each["Key"].removeprefix(prefix), each

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"

    def _uri_of(self, path: str) -> str:
        return f"s3://{self._name}/{self._key(path)}".rstrip("/")

    @contextmanager
    def _explained(self, path: str, *, reading: bool = False) -> Iterator[None]:
        """Turn an error of the client in the block into one that says what to do."""
        where = self._uri_of(path)
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            its = error.response.get("Error", {})
            remedy = _REMEDIES.get(status, "run the command again; finished work is kept")
            kind = UnreachableError if status >= 500 or status == 429 else EpyflowError
            kind = UnreadableError if reading and status == 403 else kind
            raise kind(
                f"{where}: {status} {its.get('Code', '')} {its.get('Message', '')}; {remedy}"
            ) from error
        except NoCredentialsError as error:
            raise EpyflowError(f"{where}: {error}; {_LOG_IN}") from error
        except BotoCoreError as error:
            raise UnreachableError(
                f"{where}: {error}; check the settings of AWS (aws configure list) and the "
                "network, and run the command again"
            ) from error


def _md5_of(listed: Mapping[str, Any]) -> str | None:
    """Return the MD5 in base64 that an ETag is, for an object that was uploaded in one part."""
    found = _MD5.fullmatch(listed.get("ETag", ""))
    return None if found is None else b64encode(bytes.fromhex(found[1])).decode()


def _repeated(download: Callable[[], _Content]) -> _Content:
    """Download again if it was interrupted: the client repeats a request, but not its answer."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(*_INTERRUPTED):
            return download()
    return download()
