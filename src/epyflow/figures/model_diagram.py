"""Draw the compartments of a model as boxes and its transitions as arrows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from epyflow.figures.figure_file import save
from epyflow.figures.model_layout import layout
from epyflow.figures.style import BLUE, GREEN, VERMILION, headline, new_figure, styled, tint

_WIDTH, _HEIGHT = 1.35, 0.62  # inches: a box
_ACROSS, _DOWN = 1.95, 1.0  # inches: from one box to the next
_APEX = 0.42  # inches between an arrow and the boxes that it passes
_LINES = 3

LOOKS: dict[str, dict[str, Any]] = {
    "spontaneous": {"color": "#4D4D4D", "linestyle": "-"},
    "mediated": {"color": VERMILION, "linestyle": "-"},
    "vaccination": {"color": GREEN, "linestyle": (0, (4, 2))},
}
_WORDS = {
    "spontaneous": "At its own rate",
    "mediated": "By contact with the shaded",
    "vaccination": "By vaccination",
}


def draw_model(model: Mapping[str, Any], *, title: str, path: Path) -> None:
    """Draw the model of an experiment's description to an SVG or PNG."""
    save(model_diagram(model["compartments"], model["transitions"], title), path)


def model_diagram(
    compartments: Sequence[Mapping[str, str]],
    transitions: Sequence[Mapping[str, Any]],
    title: str,
) -> Figure:
    """Draw compartments from left to right in the order in which people pass through them.

    Compartments that mediate a transition, such as infectious ones, are shaded.

    Parameters
    ----------
    compartments
        ``id`` and ``label`` of each.
    transitions
        ``source``, ``target``, ``kind`` and ``mediators`` of each.
    title
        What the figure shows.
    """
    ways = [(each["source"], each["target"], each["kind"]) for each in transitions]
    cells = layout([each["id"] for each in compartments], ways)
    shaded = {name for each in transitions for name in each["mediators"]}
    columns = max(column for column, _ in cells.values()) + 1
    rows = max(row for _, row in cells.values()) + 1
    width = max(4.5, columns * _ACROSS + 0.3)
    height = rows * _DOWN + 0.7
    with styled():
        figure = new_figure(width, height + 0.9)
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_aspect("equal")
        spare = (width - columns * _ACROSS) / 2
        axes.set_xlim(-spare, columns * _ACROSS + spare)
        axes.set_ylim(height - 0.35, -0.35)
        places = {
            name: ((column + 0.5) * _ACROSS, (row + 0.5) * _DOWN)
            for name, (column, row) in cells.items()
        }
        for source, target, kind in ways:
            _arrow(axes, places, source, target, kind)
        for each in compartments:
            _box(axes, places[each["id"]], each, shaded=each["id"] in shaded)
        headline(figure, title)
        _legend(figure, [kind for _, _, kind in ways])
    return figure


def _box(
    axes: Axes, centre: tuple[float, float], compartment: Mapping[str, str], *, shaded: bool
) -> None:
    x, y = centre
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDTH / 2, y - _HEIGHT / 2),
            _WIDTH,
            _HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=tint(VERMILION, 0.22) if shaded else tint(BLUE, 0.12),
            edgecolor="#4D4D4D",
            linewidth=0.9,
            zorder=3,
        )
    )
    lines = wrap(compartment["label"], 18)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][:16]}…"]
    axes.text(
        x,
        y,
        "\n".join(lines),
        horizontalalignment="center",
        verticalalignment="center",
        fontsize=8.5 if len(lines) < _LINES else 7.5,
        zorder=4,
    )


def _arrow(
    axes: Axes, places: Mapping[str, tuple[float, float]], source: str, target: str, kind: str
) -> None:
    (x0, y0), (x1, y1) = places[source], places[target]
    passed = abs(round((x1 - x0) / _ACROSS)) > 1 or x1 < x0
    below = y0 > y1 or (y0 == y1 and x1 < x0)
    start, end = _ends((x0, y0), (x1, y1), passed=passed, below=below)
    distance = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    # The height of an arc is half its radius. The y axis points down, so a positive radius bends an
    # arrow to the right below the boxes, and one to the left above them.
    bend = 2 * _APEX / distance if passed else 0.0
    if (x1 < x0) == below:
        bend = -bend
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend:.3f}",
            arrowstyle="-|>",
            mutation_scale=11,
            linewidth=1.3,
            shrinkA=0,
            shrinkB=1,
            zorder=2,
            clip_on=False,
            **LOOKS[kind],
        )
    )


def _ends(
    source: tuple[float, float], target: tuple[float, float], *, passed: bool, below: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the points at which an arrow starts and ends."""
    (x0, y0), (x1, y1) = source, target
    if passed:
        side = _HEIGHT / 2 if below else -_HEIGHT / 2
        inward = 0.25 * _WIDTH * (1 if x1 > x0 else -1)
        return (x0 + inward, y0 + side), (x1 - inward, y1 + side)
    if x0 == x1:
        down = _HEIGHT / 2 if y1 > y0 else -_HEIGHT / 2
        return (x0, y0 + down), (x1, y1 - down)
    right = _WIDTH / 2 if x1 > x0 else -_WIDTH / 2
    return (x0 + right, y0), (x1 - right, y1)


def _legend(figure: Figure, kinds: Sequence[str]) -> None:
    shown = [kind for kind in LOOKS if kind in kinds]
    figure.legend(
        [Line2D([], [], linewidth=1.3, **LOOKS[kind]) for kind in shown],
        [_WORDS[kind] for kind in shown],
        loc="outside lower center",
        ncols=1 if figure.get_figwidth() < 6 else len(shown),
    )
