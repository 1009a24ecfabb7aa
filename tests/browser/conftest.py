"""Reports in headless Chromium; their tests run where it is installed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import study
from tests.conftest import SHARED
from tests.workflow.workspace import Workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens reports in Chromium, which is installed")


def pytest_report_header() -> str | None:
    if CHROMIUM is None:
        return "browser: no Chromium here, so the tests that open reports are left out"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM is not None:
        return
    absent = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the system; root may not use its sandbox."""
    # Else a figure that is a file beside the page could be shown, but not looked into.
    arguments = ["--allow-file-access-from-files"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example, as `make run` writes it."""
    workspace = Workspace(tmp_path_factory.mktemp("example"))
    return study.report(workspace, experiments_root="config", experiment="example")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a calibration of two states with real data, a submission and its scores."""
    workspace = Workspace(tmp_path_factory.mktemp("smoke"))
    populations = SHARED / "data" / "populations"
    final = SHARED / "data" / "surveillance" / "flu_admissions_final_to_2025-09.csv"
    return study.report(
        workspace,
        experiments_root=SHARED,
        experiment="flu_2425_smoke",
        population_data=populations,
        target_data=final,
    )


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a small calibration of 52 places; beside it, the same as a zip."""
    workspace = Workspace(tmp_path_factory.mktemp("everywhere"))
    study.of_all_places(workspace)
    report = study.report_of_many_tasks(workspace)
    study.write_report(workspace, study.ZIPPED)
    return report
