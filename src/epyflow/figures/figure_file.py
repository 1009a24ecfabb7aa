"""Write figures to files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from epyflow.figures.style import styled
from epyflow.files import write_bytes_atomically
from forecast_hub.atomic_files import replacing

# Metadata that differ between runs: the time, and the version of matplotlib.
_NO_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

WIDEST = 1600
"""Largest width of a PNG in pixels: what a large screen shows beside a menu."""

_COPIES: ContextVar[Mapping[Path, Sequence[Path]] | None] = ContextVar("copies", default=None)

_FONTS = b"'DejaVu Sans', 'Bitstream Vera Sans', Verdana, Geneva, sans-serif"

# Lengths in an SVG are in points; font outlines have their own, finer units.
_PATH = re.compile(rb' d="[^"]*"')
_LONG_NUMBER = re.compile(rb"(\d+\.\d\d)\d+")


@contextmanager
def saving_copies(copies: Mapping[Path, Sequence[Path]]) -> Iterator[None]:
    """Save figures in other kinds, too: file of a figure to the files of its copies."""
    token = _COPIES.set(copies)
    try:
        yield
    finally:
        _COPIES.reset(token)


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, as SVG, PNG or PDF by its suffix, atomically.

    Equal figures give equal bytes with the same version of matplotlib. The title of a figure
    is also that of the SVG, for screen readers, and of the PDF. A PNG is at most
    :data:`WIDEST` across.

    Raises
    ------
    ValueError
        If the suffix is none of these.
    """
    path = Path(path)
    for copy in (_COPIES.get() or {}).get(path, ()):
        save(figure, copy)
    kind = path.suffix.removeprefix(".")
    if kind not in _NO_METADATA:
        raise ValueError(f"{path.name}: figures are saved as .svg, .png or .pdf")
    metadata = dict(_NO_METADATA[kind])
    if kind != "png":
        metadata |= _title_of(figure)
    dots = min(figure.dpi, WIDEST / figure.get_figwidth())
    with styled(), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=metadata, dpi=dots)
        if kind == "svg":
            temporary.write_bytes(_lightened(temporary.read_bytes()))


def _title_of(figure: Figure) -> dict[str, Any]:
    title = " ".join(figure.get_suptitle().split())
    return {"Title": title} if title else {}


def save_pages(figures: Sequence[Figure], path: Path) -> None:
    """Write figures to one PDF, a page each, atomically; equal figures give equal bytes.

    The title of the first figure is that of the PDF.
    """
    from matplotlib.backends.backend_pdf import PdfPages  # slow to import, and few jobs need it

    with (
        styled(),
        replacing(Path(path)) as temporary,
        PdfPages(temporary, metadata=_NO_METADATA["pdf"] | _title_of(figures[0])) as pages,
    ):
        for figure in figures:
            pages.savefig(figure)


def save_table(text: str, path: Path) -> None:
    """Write the table of a figure as CSV, atomically."""
    write_bytes_atomically(Path(path), text.encode())


def _lightened(svg: bytes) -> bytes:
    """Round the lengths of lines down to hundredths of a point, and name fonts of all machines.

    Where DejaVu Sans is missing, fonts of the same widths take its place.
    """

    def cut(path: re.Match[bytes]) -> bytes:
        return _LONG_NUMBER.sub(rb"\1", path[0]).replace(b" \n", b"\n")

    return _PATH.sub(cut, svg).replace(b"'DejaVu Sans'", _FONTS)
