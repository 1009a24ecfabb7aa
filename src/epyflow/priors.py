"""Replace priors that are functions of the user's own by what these return.

Workers have no ``functions/`` folder, so a prior travels as the name and arguments of a scipy
distribution.
"""

from typing import Any

from epyflow.errors import DataError
from epyflow.experiment.calibration import Calibration
from epyflow.experiment.distributions import CustomDistribution, Distribution, ScipyDistribution
from epyflow.functions import UserFunctions


def with_named_priors(calibration: Calibration, functions: UserFunctions) -> Calibration:
    """Return the calibration with every prior as a named scipy distribution.

    Raises
    ------
    DataError
        If a function does not return a frozen distribution of ``scipy.stats``.
    """

    def named(given: Any) -> Any:
        return given.model_copy(update={"prior": _named(given.prior, functions)})

    start = calibration.start_date
    return calibration.model_copy(
        update={
            "parameters": {key: named(given) for key, given in calibration.parameters.items()},
            "compartments": {key: named(given) for key, given in calibration.compartments.items()},
            "start_date": named(start) if start is not None else None,
        }
    )


def _named(distribution: Distribution, functions: UserFunctions) -> ScipyDistribution:
    if not isinstance(distribution, CustomDistribution):
        return distribution
    frozen = functions(distribution.name)
    name = getattr(getattr(frozen, "dist", None), "name", None)
    try:
        return ScipyDistribution(
            type="scipy",
            name=str(name),
            args=tuple(float(value) for value in frozen.args),
            kwargs={key: float(value) for key, value in frozen.kwds.items()},
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(
            f"the prior {distribution.name}() returned {type(frozen).__name__}; expected a frozen "
            f"distribution of scipy.stats, such as scipy.stats.uniform(1, 2): {error}"
        ) from None
