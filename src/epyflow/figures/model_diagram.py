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
from epyflow.figures.style import BLUE, GREEN, NARROW, VERMILION, headline, new_figure, styled, tint

_HEIGHT = 0.6  # inches: a box
_DOWN = 1.0  # inches: from one box to the next that people pass through
_BESIDE = (1.0, 1.6)  # inches, least and most: from one box to the next beside it
_FILLED = 0.84  # share of that which a box takes
_LINES = 4
_APEX = 0.3  # inches between an arrow and the boxes that it passes

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
    """Draw compartments from top to bottom in the order in which people pass through them.

    So the diagram is as narrow as a phone, unless many compartments are beside one another.
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
    steps = max(step for step, _ in cells.values()) + 1
    beside = max(row for _, row in cells.values()) + 1
    apart = max(_BESIDE[0], min(_BESIDE[1], (NARROW - 0.2) / beside))
    width, height = max(NARROW, beside * apart + 0.2), steps * _DOWN
    with styled():
        figure = new_figure(width, height + 1.2)
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_aspect("equal")
        spare = (width - beside * apart) / 2
        axes.set_xlim(-spare, beside * apart + spare)
        axes.set_ylim(height, 0)
        places = {
            name: ((row + 0.5) * apart, (step + 0.5) * _DOWN) for name, (step, row) in cells.items()
        }
        for source, target, kind in ways:
            _arrow(axes, places[source], places[target], _FILLED * apart, LOOKS[kind])
        for each in compartments:
            _box(axes, places[each["id"]], each["label"], apart, shaded=each["id"] in shaded)
        headline(figure, title)
        _legend(figure, [kind for _, _, kind in ways])
    return figure


def _box(
    axes: Axes, centre: tuple[float, float], label: str, apart: float, *, shaded: bool
) -> None:
    x, y = centre
    width = _FILLED * apart
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - _HEIGHT / 2),
            width,
            _HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=tint(VERMILION, 0.22) if shaded else tint(BLUE, 0.12),
            edgecolor="#4D4D4D",
            linewidth=0.9,
            zorder=3,
        )
    )
    letters = int(15.5 * width)
    lines = wrap(label, letters)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: letters - 2]}…"]
    axes.text(
        x,
        y,
        "\n".join(lines),
        horizontalalignment="center",
        verticalalignment="center",
        fontsize=8.5 if len(lines) < 3 and width > 1 else 7.5,
        zorder=4,
    )


def _arrow(
    axes: Axes,
    source: tuple[float, float],
    target: tuple[float, float],
    width: float,
    look: Mapping[str, Any],
) -> None:
    (x0, y0), (x1, y1) = source, target
    passed = abs(round((y1 - y0) / _DOWN)) > 1 or y1 < y0
    on_the_left = x0 > x1 or (x0 == x1 and y1 < y0)
    start, end = _ends(source, target, width, passed=passed, on_the_left=on_the_left)
    distance = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    # The height of an arc is half its radius. The y axis points down, so a positive radius bends an
    # arrow down to the left of the boxes, and one up to the right of them.
    bend = 2 * _APEX / distance if passed else 0.0
    if (y1 < y0) == on_the_left:
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
            **look,
        )
    )


def _ends(
    source: tuple[float, float],
    target: tuple[float, float],
    width: float,
    *,
    passed: bool,
    on_the_left: bool,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the points at which an arrow starts and ends."""
    (x0, y0), (x1, y1) = source, target
    if passed:
        side = -width / 2 if on_the_left else width / 2
        inward = 0.25 * _HEIGHT * (1 if y1 > y0 else -1)
        return (x0 + side, y0 + inward), (x1 + side, y1 - inward)
    if y0 == y1:
        right = width / 2 if x1 > x0 else -width / 2
        return (x0 + right, y0), (x1 - right, y1)
    down = _HEIGHT / 2 if y1 > y0 else -_HEIGHT / 2
    return (x0, y0 + down), (x1, y1 - down)


def _legend(figure: Figure, kinds: Sequence[str]) -> None:
    shown = [kind for kind in LOOKS if kind in kinds]
    figure.legend(
        [Line2D([], [], linewidth=1.3, **LOOKS[kind]) for kind in shown],
        [_WORDS[kind] for kind in shown],
        loc="outside lower center",
        ncols=2,
    )
