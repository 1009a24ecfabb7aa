"""Find the parts of a figure that a reader can see."""

import numpy as np
from matplotlib.text import Text


def shown_texts(figure):
    """Return the texts that are drawn: matplotlib keeps labels of ticks beyond the axis too."""
    if figure.stale:
        figure.draw_without_rendering()
    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            beyond |= {tick.label1 for tick in ticks if not low <= tick.get_loc() <= high}
    found = figure.findobj(Text)
    return [text for text in found if text.get_visible() and text.get_text() and text not in beyond]


def cut_off(figure):
    """Return the texts that reach over the figure's edge by more than a pixel."""
    edge = figure.bbox
    boxes = {text: text.get_window_extent() for text in shown_texts(figure)}
    return [
        text.get_text()
        for text, box in boxes.items()
        if min(box.x0 - edge.x0, edge.x1 - box.x1, box.y0 - edge.y0, edge.y1 - box.y1) < -1
    ]


def overlapping(figure):
    """Return the pairs of texts that are drawn over one another."""
    texts = shown_texts(figure)
    edges = np.array([text.get_window_extent().extents for text in texts]).reshape(-1, 4)
    low, high = edges[:, None, :2], edges[:, None, 2:]
    shared = np.minimum(high, high.swapaxes(0, 1)) - np.maximum(low, low.swapaxes(0, 1))
    pairs = np.argwhere(np.tril((shared > 1).all(axis=2), k=-1))
    return [(texts[one].get_text(), texts[other].get_text()) for one, other in pairs]
