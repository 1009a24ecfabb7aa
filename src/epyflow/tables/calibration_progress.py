"""How each calibration went: one row per generation."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import Failure, Generation, Result
from epyflow.tables.calibrations import fits, primary_id
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


def chunks(results: Iterable[Result | Failure], spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield one frame per calibration; failed tasks have no rows.

    ``generation`` counts from 0. ``epsilon`` is the tolerance, ``inf`` where everything was
    accepted; ``acceptance`` is particles by simulations. Of the weights, the effective sample
    size is (sum)² by sum of squares (Kish): as many particles of equal weight would say as much.
    """
    for result, fit in fits(results):
        rows = [
            (primary_id(result), result.population, number, *_figures(generation), result.location)
            for number, generation in enumerate(fit.generations)
        ]
        yield pd.DataFrame(rows, columns=list(COLUMNS))
        del result, fit


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
