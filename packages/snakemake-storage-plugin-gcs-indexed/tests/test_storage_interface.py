"""The suite that Snakemake's interface has for every storage plugin."""

import uuid
from pathlib import Path

import pytest
from snakemake_interface_storage_plugins.tests import TestStorageBase

from snakemake_storage_plugin_gcs_indexed import StorageProvider, StorageProviderSettings


class TestInterface(TestStorageBase):
    __test__ = True
    files_only = False
    touch = True

    @pytest.fixture(autouse=True)
    def _bucket(self, bucket: str) -> None:
        self.bucket = bucket

    def get_query(self, tmp_path: Path) -> str:
        return f"gs://{self.bucket}/some/{uuid.uuid4().hex}.txt"

    def get_query_not_existing(self, tmp_path: Path) -> str:
        return f"gs://{self.bucket}/some/absent.txt"

    def get_storage_provider_cls(self) -> type[StorageProvider]:
        return StorageProvider

    def get_storage_provider_settings(self) -> StorageProviderSettings:
        return StorageProviderSettings(project="test")
