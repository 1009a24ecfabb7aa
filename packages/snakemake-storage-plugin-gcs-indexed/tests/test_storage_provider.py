"""Test the plugin's name, settings and messages."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import snakemake_storage_plugin_gcs as stock
from google.auth.exceptions import DefaultCredentialsError
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

import snakemake_storage_plugin_gcs_indexed as ours
from snakemake_storage_plugin_gcs_indexed import provider as provider_module
from snakemake_storage_plugin_gcs_indexed.index import Entry, Index, Page
from snakemake_storage_plugin_gcs_indexed.indexed_bucket import IndexedBucket
from snakemake_storage_plugin_gcs_indexed.process_role import Process


def test_snakemake_finds_it_with_all_settings_of_the_stock_plugin():
    registry = StoragePluginRegistry()
    settings = registry.get_plugin("gcs-indexed").get_settings_info()
    stock_settings = registry.get_plugin("gcs").get_settings_info()

    assert registry.get_plugin("gcs-indexed").is_read_write()
    assert {one["name"] for one in stock_settings} < {one["name"] for one in settings}
    assert all(one["cliarg"].startswith("--storage-gcs-indexed-") for one in settings)
    assert {one["env_var"] for one in settings if one["env_var"]} == {
        "SNAKEMAKE_STORAGE_GCS_INDEXED_PROJECT"
    }


def test_it_is_the_stock_plugin_but_for_what_it_does_better():
    assert issubclass(ours.StorageProvider, stock.StorageProvider)
    assert issubclass(ours.StorageObject, stock.StorageObject)
    assert issubclass(ours.StorageProviderSettings, stock.StorageProviderSettings)
    assert ours.StorageProvider.get_storage_object_cls() is ours.StorageObject


@pytest.mark.parametrize("query", ["gs://bucket/a", "gcs://bucket/a", "gs://bucket/{sample}.txt"])
def test_a_provider_that_was_named_takes_what_the_stock_one_takes(provider, query):
    assert provider().is_valid_query(query)
    assert provider().object(query).is_valid_query()


@pytest.mark.parametrize("query", ["s3://bucket/a", "a/local/file", "gs:///no/bucket"])
def test_it_takes_nothing_else(provider, query):
    assert not provider().is_valid_query(query)


@pytest.mark.parametrize(("page_seconds", "fresh"), [(0.05, 1.0), (0.25, 2.5), (30.0, 4.0)])
def test_answers_are_fresh_for_longer_where_listings_are_slow(
    provider, monkeypatch, page_seconds, fresh
):
    monkeypatch.setattr(Process, "is_planning", False)
    made = provider(trust_seconds=0.0)
    made.indexed_bucket("bucket").index.page_seconds = page_seconds

    assert (made.trust.present, made.trust.absent) == (0.0, fresh)
    assert (made.trust_in_times.present, made.trust_in_times.absent) == (fresh, fresh)


@pytest.mark.parametrize(
    ("latency_wait", "fresh"), [(0, 1.0), (2, 1.0), (3, 2.0), (4, 3.0), (5, 4.0), (60, 4.0)]
)
def test_slow_answers_age_before_snakemake_stops_looking_for_a_file(provider, latency_wait, fresh):
    made = provider()
    made.process.workflow = SimpleNamespace(
        execution_settings=SimpleNamespace(latency_wait=latency_wait)
    )
    made.indexed_bucket("bucket").index.page_seconds = 30.0

    assert (made.trust.absent, made.trust_in_times.present) == (fresh, fresh)


@pytest.mark.parametrize("page_seconds", [0.05, 0.4, 1.0])
def test_jobs_with_files_in_several_pages_share_them_however_slow_listings_are(
    provider, monkeypatch, page_seconds
):
    monkeypatch.setattr(Process, "is_planning", False)
    made, pages = provider(), list[str]()
    now = 0.0

    def list_from(start: str) -> Page:
        nonlocal now
        now += page_seconds
        pages.append(start)
        folder = start.partition("/")[0]
        names = [f"{folder}/{i:03d}" for i in range(300)]
        return Page(tuple((n, Entry(1, 1, None, 1.0)) for n in names if n >= start), complete=False)

    index = Index(list_from, clock=lambda: now)
    made._indexed["bucket"] = IndexedBucket(made.indexed_bucket("bucket").bucket, index)
    for job in range(300):
        for folder in ("benchmarks", "logs", "results"):
            now += 0.005
            assert index.find(f"{folder}/{job:03d}", made.trust_in_times)

    assert len(pages) <= 20


def test_a_query_without_a_provider_still_means_the_stock_plugin():
    claims = [
        plugin.name
        for plugin in StoragePluginRegistry().plugins.values()
        if plugin.storage_provider.is_valid_query("gs://bucket/a")
    ]

    assert claims == ["gcs"]


@pytest.mark.parametrize("name", ["retries", "trust_seconds", "parallel_downloads"])
def test_a_negative_number_is_refused(name):
    with pytest.raises(WorkflowError, match=f"--storage-gcs-indexed-{name.replace('_', '-')}"):
        ours.StorageProviderSettings(**{name: -1})


def test_missing_credentials_are_said_with_the_remedy(monkeypatch, tmp_path):
    def none(**_options):
        raise DefaultCredentialsError("none found")

    monkeypatch.setattr(provider_module.storage, "Client", none)

    with pytest.raises(WorkflowError, match="gcloud auth application-default login"):
        ours.StorageProvider(
            local_prefix=Path(tmp_path),
            logger=logging.getLogger("test"),
            settings=ours.StorageProviderSettings(project="test"),
        )


def test_requests_name_the_project_that_pays(make, storage):
    made = make("a", b"x")
    made.exists()
    made.store_object()
    made.retrieve_object()
    made.touch()
    made.remove()

    assert {seen.query.get("userProject") for seen in storage.log} == {"test"}


def test_all_objects_of_a_bucket_are_listed(provider, bucket, someone_else):
    someone_else.write("a/b")
    someone_else.write("c")

    assert provider().list_objects(f"gs://{bucket}/a") == ["a/b", "c"]
