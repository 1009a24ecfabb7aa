"""A report as a person reads it: menu, lists, figures, captions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

# Where the top of a picture is, and the share of it that is not of the colour of its first pixel; 0
# where it did not load.
_TOP_AND_INK = """async image => {
    await image.decode();
    const top = image.getClientRects()[0].top;  // of one that is on the page
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    if (!canvas.width || !canvas.height) return [top, 0];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const points = new Uint32Array(bytes.buffer);
    let inked = 0;
    for (const point of points) inked += point !== points[0];
    return [top, inked / points.length];
}"""

# Rows whose figure a click would not open, scrolled to where it is.
_COVERED = """rows => {
    const covered = [];
    for (const [number, row] of rows.entries()) {
        const link = row.querySelector("a");
        link.scrollIntoView({block: "nearest"});
        const box = link.getBoundingClientRect();
        const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        if (!link.contains(document.elementFromPoint(x, y))) covered.push(number);
    }
    return covered;
}"""


@dataclass
class Reader:
    """Someone who reads a report, and what the browser complained of meanwhile."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def categories(self) -> list[str]:
        """Return the parts of the report, as the menu lists them."""
        self.home()
        items = self.page.locator("nav ul li a").all_inner_texts()
        names = set(self.page.evaluate("Object.keys(categories)"))
        return [item.strip() for item in items if item.strip() in names]

    def home(self) -> None:
        """Go to the menu."""
        press(self.page.locator("nav nav a").first)

    def open(self, category: str) -> list[str]:
        """Open a part; return its own parts, or an empty name where it has none."""
        self.home()
        press(self.page.locator("nav").get_by_text(category, exact=True).first)
        parts: list[str] = self.page.evaluate("name => Object.keys(categories[name])", category)
        return sorted(parts) if len(parts) > 1 else [""]

    def enter(self, category: str, part: str) -> None:
        """Open the list of figures of a part."""
        self.open(category)
        if part:
            press(self.page.locator("nav").get_by_text(part, exact=True).first)
        self.page.locator("nav tbody tr").first.wait_for()

    def choices(self) -> int:
        """Return how many positions the switch above the list has; 1 without a switch."""
        return max(1, self.page.locator("nav fieldset label").count())

    def choose(self, position: int) -> None:
        """Move the switch above the list, where there is one."""
        if self.choices() > 1:
            press(self.page.locator("nav fieldset label").nth(position))

    def rows(self) -> int:
        """Return how many figures the list has."""
        return self.page.locator("nav tbody tr").count()

    def is_download(self, row: int) -> bool:
        """Say whether a row of the list is a file to download."""
        link = self.page.locator("nav tbody tr").nth(row).locator("a").first
        return link.get_attribute("download") is not None

    def covered(self) -> list[int]:
        """Return the rows of the list that a person could not click on."""
        rows: list[int] = self.page.locator("nav tbody tr").evaluate_all(_COVERED)
        return rows

    def ink_of(self, row: int) -> float:
        """Open a figure at full size; return the share of it that is not background.

        The first and the last row are where a mouse can reach them. It would take longer than all
        else to try the others.
        """
        before = self.page.evaluate("app.state.renderTrigger")
        link = self.page.locator("nav tbody tr").nth(row).locator("a").first
        if row in (0, self.rows() - 1):
            press(link)
        else:
            link.dispatch_event("click")
        self.page.wait_for_function("before => app.state.renderTrigger !== before", arg=before)
        picture = self.page.locator("#app > div > div.grow img")
        top, ink = picture.evaluate(_TOP_AND_INK)
        # Else it could not be scrolled to.
        assert top >= 0, "the top of the figure is above the screen"
        return float(ink)

    def caption_of(self, row: int) -> str:
        """Open what is said of a figure; return it."""
        press(self.page.locator("nav tbody tr").nth(row).locator("a").nth(1))
        caption = self.page.locator("nav li.prose").inner_text()
        return " ".join(caption.split())

    def photograph(self, name: str) -> None:
        """Keep a picture of the screen for a person, where ``EPYFLOW_SCREENSHOTS`` says."""
        if kept := os.environ.get("EPYFLOW_SCREENSHOTS"):
            self.page.wait_for_timeout(200)  # until the menu has come to rest
            self.page.screenshot(path=Path(kept, f"{name}.png"))


def press(target: Locator) -> None:
    """Click on what a mouse can reach.

    The mouse itself is not moved: on a busy machine the page may scroll between its press and its
    release, and the click is lost.
    """
    target.click(trial=True)  # waits until it is in place and nothing lies over it
    target.dispatch_event("click")


@contextmanager
def reading(browser: Browser, report: Path, width: int) -> Iterator[Reader]:
    """Open a report on a screen that is so many pixels wide."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    reader = Reader(page)
    page.on("console", lambda m: reader.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: reader.complaints.append(str(error)))
    page.on("request", lambda request: reader.requests.append(request.url))
    page.goto(report.as_uri())
    page.locator("nav").first.wait_for()
    yield reader
    page.close()
