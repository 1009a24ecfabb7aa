"""Draw the fan chart of each population from a table of quantiles on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.figure_file import save
from epyflow.figures.read_tables import KEYS, Place, nothing, rows_by_population


def draw_populations(
    quantiles: Path,
    *,
    places: Sequence[Place],
    labels: Mapping[str, str],
    paths: Sequence[Path],
    unit: str = "Persons",
) -> None:
    """Draw every series of a quantiles table, a figure per population.

    The figure of a population without rows says that its tasks failed.

    Parameters
    ----------
    quantiles
        ``quantiles_compartments.csv.gz`` or ``quantiles_transitions.csv.gz``. The rows of one
        population are in memory at a time.
    places
        The populations of the run.
    labels, unit
        See :func:`~epyflow.figures.fan_chart.fan_chart`.
    paths
        A figure for each place, ``.svg`` or ``.png``.
    """
    wanted = {place.name: (place.label, path) for place, path in zip(places, paths, strict=True)}
    for name, table in rows_by_population(quantiles):
        if name in wanted:
            title, path = wanted.pop(name)
            series = [column for column in table.columns if column not in KEYS]
            save(fan_chart(table, series, title, labels, unit), path)
    for title, path in wanted.values():
        save(nothing(title), path)
