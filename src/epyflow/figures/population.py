"""A table of quantiles on disk -> the fan chart of one of its populations."""

from collections.abc import Mapping
from pathlib import Path

from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.reading import KEYS, nothing, rows_of
from epyflow.figures.saving import save


def draw_population(
    quantiles: Path, *, population: str, title: str, labels: Mapping[str, str], path: Path
) -> None:
    """Draw every series that a quantiles table has of one population.

    A population without a row, because its tasks failed, gets a figure that says so.

    Parameters
    ----------
    quantiles
        ``quantiles_compartments.csv.gz`` or ``quantiles_transitions.csv.gz``. Only the rows of
        the population are kept in memory.
    population
        As in the column ``population``.
    title, labels
        See :func:`~epyflow.figures.fan_chart.fan_chart`.
    path
        The figure, ``.svg`` or ``.png``.
    """
    table = rows_of(population, quantiles)
    if table.empty:
        figure = nothing(title)
    else:
        series = [column for column in table.columns if column not in KEYS]
        figure = fan_chart(table, series, title, labels)
    save(figure, path)
