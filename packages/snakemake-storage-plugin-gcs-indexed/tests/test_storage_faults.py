"""Faults that pass are waited out; others are explained; nothing damaged is kept."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from counting_proxy import Fault
from snakemake_interface_common.exceptions import WorkflowError

BIG = bytes(range(256)) * (40 << 12)  # 40 MiB: downloads resume


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("kind", ["list", "metadata", "download", "upload", "delete", "rewrite"])
def test_an_answer_that_passes_is_waited_out(make, storage, someone_else, kind, status):
    someone_else.write("a", b"content")
    storage.fail(kind, Fault("refuse", status), times=2)
    made = make("a", b"mine")
    if kind == "metadata":
        made.indexed.bucket.describe("a")
    elif kind == "download":
        made.retrieve_object()
    elif kind == "rewrite":
        made.touch()
    else:
        assert made.exists()
        made.store_object()
        made.remove()
        assert someone_else.read("a") is None


@pytest.mark.parametrize("what", ["cut", "lose", "truncate", "corrupt"])
@pytest.mark.parametrize("content", [b"content" * 1000, BIG], ids=["small", "big"])
def test_a_damaged_download_is_repeated(make, storage, someone_else, what, content):
    someone_else.write("a", content)
    storage.fail("download", Fault(what), times=2)
    made = make("a")
    assert made.size() == len(content)

    made.retrieve_object()

    assert made.local_path().read_bytes() == content
    assert storage.counts()["download"] == 3


@pytest.mark.parametrize("what", ["truncate", "corrupt"])
def test_a_download_that_stays_damaged_leaves_nothing(make, storage, someone_else, what):
    someone_else.write("a", b"content" * 1000)
    storage.fail("download", Fault(what), times=100)
    made = make("a", retries=2)

    with pytest.raises(WorkflowError, match=r"Cannot download gs://bucket-[0-9]+/a"):
        made.retrieve_object()

    assert list(made.local_path().parent.iterdir()) == []
    assert storage.counts()["download"] == 3


@pytest.mark.parametrize("what", ["cut", "lose", "garble"])
def test_a_damaged_upload_is_repeated(make, storage, someone_else, what):
    storage.fail("upload", Fault(what), times=2)
    content = b"content" * 1000

    make("a", content).store_object()

    assert someone_else.read("a") == content


def test_an_upload_that_stays_damaged_is_an_error(make, storage):
    storage.fail("upload", Fault("garble"), times=100)

    with pytest.raises(WorkflowError, match="damaged each time"):
        make("a", b"content" * 1000, retries=2).store_object()

    assert storage.counts()["upload"] == 3


def test_a_big_file_is_uploaded_and_downloaded(make, storage, someone_else):
    make("a", BIG).store_object()

    fresh = make("a", retries=1)
    fresh.local_path().unlink()
    fresh.retrieve_object()

    assert fresh.local_path().read_bytes() == BIG


def test_what_does_not_pass_is_tried_as_often_as_set(make, storage):
    storage.fail("list", Fault("refuse", 503), times=100)

    with pytest.raises(WorkflowError, match=r"repeated 3 times.*--storage-gcs-indexed-retries"):
        make("a", retries=3).exists()

    assert storage.counts() == {"list": 4}


def test_a_missing_bucket_is_said_and_not_created(provider, storage):
    made = provider().object("gs://not-there/prefix/a")

    with pytest.raises(WorkflowError, match="gcloud storage buckets create gs://not-there"):
        made.exists()
    made.local_path().parent.mkdir(parents=True)
    made.local_path().write_bytes(b"x")
    with pytest.raises(WorkflowError, match="gcloud storage buckets create gs://not-there"):
        made.store_object()

    assert storage.counts() == {"list": 1, "upload": 1}


@pytest.mark.parametrize("is_worker", [False, True])
def test_only_a_coordinator_asks_while_the_workflow_is_read(provider, storage, is_worker):
    made = provider().object("gs://not-there/{name}")
    workflow = SimpleNamespace(remote_exec=is_worker)

    with nullcontext() if is_worker else pytest.raises(WorkflowError, match="buckets create"):
        made._iofile = SimpleNamespace(rule=SimpleNamespace(workflow=workflow))

    assert storage.counts() == ({} if is_worker else {"list": 1})


REFUSALS = [
    # The client tries to renew the credentials, which the ones for emulators cannot.
    (401, "Anonymous credentials cannot be refreshed", "gcloud auth application-default login"),
    (403, "does not have storage.objects.create access", "--role=roles/storage.objectAdmin"),
    (403, "caller does not have required permission to use project x. Grant the caller the "
     "roles/serviceusage.serviceUsageConsumer role", "gcloud projects add-iam-policy-binding"),
    (400, "Bucket names must be lower case", "Google refuses the request"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status", "said", "remedy"),
    [
        (kind, *refusal)
        for kind in ("list", "download", "upload")
        for refusal in REFUSALS
        # Google's client leaves this connection open, which is an error in these tests.
        if (kind, refusal[0]) != ("download", 401)
    ],
)
def test_a_refusal_comes_with_its_remedy(make, storage, kind, status, said, remedy):
    body = f'{{"error": {{"code": {status}, "message": "{said}"}}}}'
    storage.fail(kind, Fault("refuse", status, body), times=100)
    made = make("a", b"mine")
    act = {"list": made.exists, "download": made.retrieve_object, "upload": made.store_object}

    with pytest.raises(WorkflowError) as caught:
        act[kind]()

    text = str(caught.value)
    assert said in text
    assert remedy in text
    assert "http://" not in text
    assert storage.counts() == {kind: 1}


def test_a_full_disk_is_not_googles_fault(make, someone_else, monkeypatch):
    someone_else.write("a", b"content")
    made = make("a")

    def full(self, block):
        raise OSError(28, "No space left on device")

    from snakemake_storage_plugin_gcs_indexed.checksums import CheckedWriter

    monkeypatch.setattr(CheckedWriter, "write", full)

    with pytest.raises(OSError, match="No space left"):
        made.retrieve_object()
