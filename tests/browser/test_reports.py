"""Reports open without a complaint, without the network, and every figure in them is there."""

import re
from zipfile import ZipFile

import pytest

from tests.browser.reading import press, reading
from tests.browser.study import ZIPPED

pytestmark = pytest.mark.browser

REPORTS = [
    "example",
    pytest.param("smoke", marks=pytest.mark.shared),
    "everywhere",
]
LEAST_INK = 0.004
SHORTEST = 60  # letters of a caption
SMALL = 390
LARGEST_MENU = 140


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_opens_whole_on_large_and_small_screens(browser, request, tmp_path, name):
    """One test for each report, since processes that run tests share none."""
    report = request.getfixturevalue(name)

    with reading(browser, report, 1280) as reader:
        read_figures_of_the_first_page(reader)
        read_all(reader, name)
        if name == "everywhere":
            read_the_first_page(reader)
    with reading(browser, report, 390) as reader:
        read_on_a_small_screen(reader, name)
    if name == "everywhere":
        read_unpacked(browser, report.with_name(ZIPPED), tmp_path / "unpacked")


def read_all(reader, name):
    """Open every part and every figure; look at captions, complaints and requests."""
    reader.photograph(f"{name}-front")
    categories = reader.categories()
    assert categories == sorted(categories)
    second = "Simulation" if name == "example" else "Forecast"
    assert categories[:2] == ["1. Summary", f"2. {second}"]
    assert categories[-1] == f"{len(categories)}. Run"
    opened = 0
    for category in categories:
        for part in reader.open(category):
            reader.enter(category, part)
            opened += open_figures(reader)
            reader.photograph(file_name(name, category, part))
            for row in range(min(reader.rows(), 4)):
                if row:  # else the list is open
                    reader.enter(category, part)
                assert len(reader.caption_of(row)) > SHORTEST, (category, part, row)
    images = "Object.values(results).filter(e => e.mime_type.startsWith('image/')).length"
    assert opened == reader.page.evaluate(images)
    captions = reader.page.evaluate("Object.values(results).map(each => each.caption.length)")
    assert min(captions) > SHORTEST
    assert reader.complaints == []
    assert [url for url in reader.requests if not url.startswith(("file:", "data:"))] == []


def read_unpacked(browser, archive, folder):
    """Open the page of a zip: each link leads to a file beside it, and figures are drawn."""
    with ZipFile(archive) as file:
        file.extractall(folder)
    page = folder / "report" / "report.html"
    with reading(browser, page, 1280) as reader:
        links = reader.page.evaluate("Object.values(results).map(each => each.data_uri)")
        files = {path for path in (page.parent / "data").rglob("*") if path.is_file()}
        assert {page.parent / link for link in links} == files
        assert min(path.stat().st_size for path in files) > 0
        for category in reader.categories():
            for part in reader.open(category):
                reader.enter(category, part)
                for row in {0, reader.rows() - 1}:
                    if reader.is_download(row):
                        with reader.page.expect_download() as download:
                            press(reader.page.locator("nav tbody tr").nth(row).locator("a").first)
                        assert download.value.url in [
                            (page.parent / link).as_uri() for link in links
                        ]
                    else:
                        assert reader.ink_of(row) > LEAST_INK, (category, part, row)
        assert reader.complaints == []
        assert all(url.startswith(page.parent.as_uri()) for url in reader.requests)


def open_figures(reader):
    """Open every figure of a list at full size; return how many there were."""
    opened = 0
    for choice in range(reader.choices()):
        reader.choose(choice)
        assert reader.covered() == []
        for row in range(reader.rows()):
            if not reader.is_download(row):
                assert reader.ink_of(row) > LEAST_INK, row
                opened += 1
    return opened


def read_on_a_small_screen(reader, name):
    """Nothing is wider than the screen, and the menu leaves room for the first page."""
    reader.photograph(f"{name}-small-front")
    assert reader.page.locator("nav").first.bounding_box()["height"] < LARGEST_MENU
    words = "[...document.querySelectorAll('.prose > *, .prose div > p')].map(e => e.scrollWidth)"
    assert max(reader.page.evaluate(words)) <= SMALL
    assert width_of_page(reader) == SMALL
    for category in reader.categories():
        for part in reader.open(category):
            reader.enter(category, part)
            shown = [row for row in range(reader.rows()) if not reader.is_download(row)]
            for row in shown[:1]:
                assert reader.ink_of(row) > LEAST_INK
                picture = reader.page.locator("#app > div > div.grow img").bounding_box()
                assert picture["x"] + picture["width"] <= SMALL
            reader.photograph(file_name(f"{name}-small", category, part))
            assert width_of_page(reader) == SMALL
    assert reader.complaints == []


def read_figures_of_the_first_page(reader):
    """Pictures are there; the chart has values under the mouse, zooms, and shows another place."""
    page = reader.page
    chart = page.locator("[data-curves] svg.marks")
    chart.wait_for()
    widths = "all => Promise.all(all.map(each => each.decode().then(() => each.naturalWidth)))"
    assert min(page.locator(".first-page-figures img").evaluate_all(widths)) > 0
    curve = page.locator("[data-curves] .mark-line path").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 120)
    page.locator("#vg-tooltip-element").get_by_text("Median:", exact=True).wait_for()
    shapes = [curve.get_attribute("d")]
    strip = page.locator("[data-curves] .concat_1_group").first.bounding_box()
    height = strip["y"] + strip["height"] / 2
    page.mouse.move(middle, height)
    page.mouse.down()
    page.mouse.move(middle + 90, height, steps=3)
    page.mouse.up()
    shapes.append(curve.get_attribute("d"))
    page.locator(".first-page-choices select").first.select_option(index=1)
    page.wait_for_timeout(100)
    shapes.append(curve.get_attribute("d"))
    assert len(set(shapes)) == 3
    page.set_viewport_size({"width": SMALL, "height": 900})
    page.wait_for_function(f"document.querySelector('svg.marks').clientWidth < {SMALL}")
    assert page.locator(".first-page-choices select").count() == 2
    page.set_viewport_size({"width": 1280, "height": 800})


def read_the_first_page(reader):
    reader.home()
    heads = reader.page.locator(".prose h1").all_inner_texts()
    text = reader.page.locator(".prose").inner_text()
    assert heads == [
        *("small", "Warnings", "Figures", "Headline numbers", "The experiment", "Provenance")
    ]
    # Of populations whose observations no epidemic of theirs can follow.
    assert re.search(r" more: the fit misses the observations", text)
    assert "40 more populations" in text


def width_of_page(reader):
    return reader.page.evaluate("document.documentElement.scrollWidth")


def file_name(*parts):
    return re.sub(r"\W+", "-", "-".join(parts))
