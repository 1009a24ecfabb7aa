"""Measure size and loading time of the report of 52 places. Run by ``make bench``."""

import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.browser.conftest import browser, everywhere
from tests.browser.reading import Reader, reading
from tests.browser.study import ZIPPED

__all__ = ["browser", "everywhere"]

# A click should be answered within a second, also by a slow machine.
ANSWERED = 1.0


@pytest.mark.parametrize("name", ["report.html", ZIPPED])
def test_a_reader_of_52_places_does_not_wait(browser, everywhere: Path, tmp_path, name) -> None:
    report = page = everywhere.with_name(name)
    if name == ZIPPED:
        with ZipFile(report) as file:
            file.extractall(tmp_path)
        page = tmp_path / "report" / "report.html"
    started = time.perf_counter()
    with reading(browser, page, 1280) as reader:
        said = {"open the page": time.perf_counter() - started}
        for name, click in CLICKS.items():
            before = time.perf_counter()
            click(reader)
            said[name] = time.perf_counter() - before

    sys.stdout.write(f"\n{name}: {report.stat().st_size / 1e6:.1f} MB\n")
    for name, seconds in said.items():
        sys.stdout.write(f"{name:<32}{seconds:8.3f} s\n")
    assert max(said[name] for name in CLICKS) < ANSWERED


def _list_places(reader: Reader) -> None:
    reader.enter("2. Forecast", "Each location")


def _open_the_last(reader: Reader) -> None:
    reader.ink_of(reader.rows() - 1)


CLICKS = {
    "list the figures of all places": _list_places,
    "open the figure of a place": _open_the_last,
    "read its caption": lambda reader: reader.caption_of(reader.rows() - 1),
    "go to the sheet of all places": lambda reader: reader.enter("2. Forecast", "All locations"),
    "open it": _open_the_last,
}
