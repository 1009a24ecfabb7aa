"""The suite that Snakemake has for every executor, on the emulator."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from google_batch_emulator.emulator import Emulator
from snakemake.common.tests import TestWorkflowsBase
from snakemake.settings.types import RemoteExecutionSettings
from snakemake_interface_common.plugin_registry.plugin import TaggedSettings
from snakemake_storage_plugin_gcs_indexed import StorageProviderSettings

from snakemake_executor_plugin_googlebatch_array import ExecutorSettings

PROJECT = BUCKET = "rehearsal"


class TestInterface(TestWorkflowsBase):
    __test__ = True
    latency_wait = 1

    @pytest.fixture(autouse=True)
    def _emulator(
        self,
        forking_emulator: Emulator,
        monkeypatch: pytest.MonkeyPatch,
        request: pytest.FixtureRequest,
    ) -> None:
        self.name = request.node.name
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        for name, value in {**forking_emulator.environment, "PATH": path}.items():
            monkeypatch.setenv(name, value)

    def get_executor(self) -> str:
        return "googlebatch-array"

    def get_executor_settings(self) -> ExecutorSettings:
        return ExecutorSettings(project=PROJECT, region="us-central1", gather=0.5)

    def get_assume_shared_fs(self) -> bool:
        return False

    def get_remote_execution_settings(self) -> RemoteExecutionSettings:
        return RemoteExecutionSettings(seconds_between_status_checks=1)

    def get_default_storage_provider(self) -> str:
        return "gcs-indexed"

    def get_default_storage_prefix(self) -> str:
        return f"gs://{BUCKET}/{self.name}"

    def get_default_storage_provider_settings(self) -> Mapping[str, TaggedSettings]:
        settings = TaggedSettings()
        settings.register_settings(StorageProviderSettings(project=PROJECT))
        return {"gcs-indexed": settings}
