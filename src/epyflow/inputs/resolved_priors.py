"""Replace custom priors by the distributions that their functions return.

Workers have no ``functions/`` folder, so tasks hold a prior as the name and arguments of a scipy
distribution.
"""

import math
from typing import Any

from epyflow.errors import DataError
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import (
    CustomDistribution,
    Distribution,
    ScipyDistribution,
)
from epyflow.experiment.reading.user_functions import UserFunctions


def with_named_priors(calibration: Calibration, functions: UserFunctions) -> Calibration:
    """Return the calibration with every prior as a named scipy distribution.

    Raises
    ------
    DataError
        If a function does not return a frozen distribution of ``scipy.stats``, or one of the start
        date can reach past the fitting window.
    """

    def named(given: Any, key: str = "prior") -> Any:
        return given.model_copy(update={key: _named(getattr(given, key), functions)})

    start = calibration.start_date
    resolved = calibration.model_copy(
        update={
            "parameters": {key: named(given) for key, given in calibration.parameters.items()},
            "compartments": {key: named(given) for key, given in calibration.compartments.items()},
            "start_date": named(start, start.key) if start is not None else None,
        }
    )
    _check_start(resolved)
    return resolved


def _check_start(calibration: Calibration) -> None:
    start, last = calibration.start_date, calibration.fitting_window.end_date
    if start is None or not isinstance(start.law, ScipyDistribution):
        return
    days = start.law.bounds()[1]
    if math.isfinite(days) and days > (last - start.reference_date).days:
        raise DataError(
            f"the prior of the start date can reach {days:g} days after {start.reference_date}, "
            f"past the fitting window that ends on {last}; expected a narrower one"
        )


def _named(distribution: Distribution, functions: UserFunctions) -> ScipyDistribution:
    if not isinstance(distribution, CustomDistribution):
        return distribution
    frozen = functions(distribution.name)
    try:
        if (found := named_distribution(frozen)) is None:
            raise ValueError("it is not one of these")
        return ScipyDistribution.model_validate(found.model_dump())
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(
            f"the prior {distribution.name}() returned {type(frozen).__name__}; expected a frozen "
            f"distribution of scipy.stats, such as scipy.stats.uniform(1, 2): {error}"
        ) from None


def named_distribution(frozen: Any) -> ScipyDistribution | None:
    """Return a frozen distribution by its name; None if it is none of scipy.stats.

    It is not validated: its arguments may be infinite.

    Raises
    ------
    AttributeError, TypeError, ValueError
        If its arguments are not numbers.
    """
    from scipy import stats  # slow to import; only custom distributions need it

    family = getattr(frozen, "dist", None)
    name = str(getattr(family, "name", None))
    if family is None or type(family) is not type(getattr(stats, name, None)):
        return None
    return ScipyDistribution.model_construct(
        type="scipy",
        name=name,
        args=tuple(float(value) for value in frozen.args),
        kwargs={key: float(value) for key, value in frozen.kwds.items()},
    )
