"""Figures on disk."""

from pathlib import Path

from matplotlib.figure import Figure

from epyflow.figures.style import styled
from epyflow.files import replacing

# What matplotlib would write of the time and of itself.
_NO_METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, as SVG or PNG by its suffix, atomically.

    Equal figures give equal bytes with the same version of matplotlib.

    Raises
    ------
    ValueError
        If the suffix is neither ``.svg`` nor ``.png``.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".")
    if kind not in _NO_METADATA:
        raise ValueError(f"{path.name}: figures are saved as .svg or .png")
    with styled(), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=_NO_METADATA[kind])
