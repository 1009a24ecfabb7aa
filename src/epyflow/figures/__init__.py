"""Data frames -> matplotlib figures, and figures -> files. No global state, no display."""

from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.fit_chart import draw_fit, fit_chart
from epyflow.figures.population import draw_population
from epyflow.figures.progress_chart import draw_progress, progress_chart
from epyflow.figures.saving import save

__all__ = [
    "draw_fit",
    "draw_population",
    "draw_progress",
    "fan_chart",
    "fit_chart",
    "progress_chart",
    "save",
]
