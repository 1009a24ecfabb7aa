"""Make the table of a calibration's progress: one row per generation."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import Failure, Generation, Result
from epyflow.tables.calibrations import primary_id
from epyflow.tables.spec import TableSpec

COLUMNS = (
    "primary_id",
    "population",
    "generation",
    "epsilon",
    "particles",
    "simulations",
    "acceptance",
    "effective_sample_size",
    "min_distance",
    "median_distance",
    "location",
)


def chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield one frame per calibration; a failed task has no rows.

    ``generation`` counts from 0. ``epsilon`` is the tolerance, ``inf`` where everything was
    accepted; ``acceptance`` is particles divided by simulations. The effective sample size
    is (sum of weights)² divided by the sum of squared weights (Kish).
    """
    if isinstance(result, Result) and result.fit is not None:
        rows = [
            (primary_id(result), result.population, number, *_figures(generation), result.location)
            for number, generation in enumerate(result.fit.generations)
        ]
        yield pd.DataFrame(rows, columns=list(COLUMNS))


def _figures(generation: Generation) -> tuple[object, ...]:
    weights, distances = generation.weights, generation.distances
    particles = len(weights)
    return (
        generation.epsilon,
        particles,
        generation.simulations,
        particles / generation.simulations,
        float(weights.sum() ** 2 / (weights**2).sum()),
        float(distances.min()),
        float(np.median(distances)),
    )
