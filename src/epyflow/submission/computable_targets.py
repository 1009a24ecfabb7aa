"""Tell which targets and output types are computed from projections."""

from collections.abc import Sequence

from epyflow.errors import EpyflowError
from epyflow.suggest import listed
from forecast_hub.config import flusight
from forecast_hub.config.horizons import is_peak, parse_weeks
from forecast_hub.config.hub import OutputType, Round, Target


def can_compute(target: Target, output: OutputType) -> bool:
    """Whether an output type of a target can be computed from a projection."""
    if output.name == "pmf":
        if target.is_step_ahead:
            return set(output.ids.permitted) == set(flusight.CLASSES)
        return is_peak(target) and parse_weeks(output.ids.permitted) is not None
    if output.name == "cdf" and not target.is_step_ahead:
        return is_peak(target) and parse_weeks(output.ids.permitted) is not None
    summaries = ("quantile", "mean", "median")
    if target.is_step_ahead:
        is_cdf = output.name == "cdf" and are_numbers(output.ids.permitted)
        return is_cdf or output.name in (*summaries, "sample")
    return is_peak(target) and output.name in summaries


def are_numbers(ids: Sequence[str]) -> bool:
    """Whether ids of an output type are numbers, as bounds of bins are."""
    try:
        return bool([float(each) for each in ids])
    except ValueError:
        return False


def check_computable(here: str, round_: Round, name: str) -> None:
    """Refuse a target of which nothing, or not all that the hub requires, can be computed.

    Parameters
    ----------
    here
        Key of the targets, for the message.
    round_, name
        The hub's round, and the target's name in it.

    Raises
    ------
    EpyflowError
        With the output types that would be needed.
    """
    for task, target in round_.targets():
        outputs = task.output_types.values()
        computed = [each for each in outputs if can_compute(target, each)]
        lacking = [each.name for each in outputs if each.is_required and each not in computed]
        if target.id == name and (lacking or not computed):
            what = lacking or list(task.output_types)
            raise EpyflowError(
                f"{here}: how {listed(what)} of {name!r} ({target.name}) is computed from "
                "trajectories is not known; expected other targets"
            )
