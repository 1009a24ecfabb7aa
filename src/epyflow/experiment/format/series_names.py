"""List the names of the series in tables: one per age group, and the total."""

from collections.abc import Iterable, Sequence

from epyflow.experiment.format.model import Model


def transition_series(model: Model) -> list[str]:
    """Return ``<source>_to_<target>_<age group or total>``, in the order of the file."""
    return _series(model.transition_names, model)


def transitions_are_known(model: Model) -> bool:
    """Return whether the compartments of every transition exist."""
    ids = set(model.compartment_ids)
    return all({transition.source, transition.target} <= ids for transition in model.transitions)


def compartment_series(model: Model) -> list[str]:
    """Return ``<compartment>_<age group or total>``, in the order of the file."""
    return _series(model.compartment_ids, model)


def counted_groups(series: Iterable[str], age_groups: Sequence[str]) -> list[int]:
    """Return the positions of the age groups that a sum of series counts."""
    names = list(series)
    if any(name.endswith("_total") for name in names):
        return list(range(len(age_groups)))
    ends = [f"_{group}" for group in age_groups]
    return [n for n, end in enumerate(ends) if any(name.endswith(end) for name in names)]


def _series(names: Iterable[str], model: Model) -> list[str]:
    suffixes = [*model.population.age_groups, "total"]
    return [f"{name}_{suffix}" for name in names for suffix in suffixes]
