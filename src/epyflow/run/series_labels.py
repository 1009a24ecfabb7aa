"""Name the series of an experiment for readers of its report."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

from epyflow.data.comparison_names import terms
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.output import Output

_KNOWN = (
    (re.compile(r"death", re.IGNORECASE), "Deaths"),
    (re.compile(r"visit|\bed\b", re.IGNORECASE), "Emergency department visits"),
    (re.compile(r"hosp|admission", re.IGNORECASE), "Hospital admissions"),
    (re.compile(r"case", re.IGNORECASE), "Cases"),
)
"""Words for what is observed, by a part of the name of a hub's target, a series or a column."""

_OF_HUBS = {"flusight_format": "wk inc flu hosp", "covid19_format": "wk inc covid hosp"}
"""The target of hubs whose targets need not be listed."""


def label_series(experiment: Experiment) -> dict[str, str]:
    """Return the labels of compartments, transitions and series in figures.

    They are those of ``output.labels``; a comparison without one is named by what it is compared
    with, if a hub's target, the rows, the column or the file of the observations say it.

    Returns
    -------
    labels
        Compartment, ``A_to_B``, series, sum of series, or target of a hub to words.
    """
    labels = {c.id: c.label or c.id for c in experiment.model.compartments}
    named = dict(labels)
    for transition in experiment.model.transitions:
        name = f"{transition.source}_to_{transition.target}"
        named[name] = f"{labels[transition.source]} → {labels[transition.target]}"
    given = experiment.output.labels
    if experiment.calibration is None:
        return named | given
    compared = [each.simulation for each in experiment.calibration.comparison]
    in_order = {tuple(sorted(series)): "+".join(series) for series in compared}
    own = {in_order.get(tuple(sorted(terms(name))), name): given[name] for name in given}
    named |= _suggest(experiment.calibration, experiment.output) | own
    return named | _name_targets(experiment.calibration, experiment.output, named)


def _suggest(calibration: Calibration, output: Output) -> dict[str, str]:
    """Name comparisons by their observations; none that would have the name of another."""
    found: dict[str, str] = {}
    for each in calibration.comparison:
        texts = [
            *_targets(each, output),
            *(calibration.observed_rows or {}).values(),
            each.observed_value_column,
            PurePosixPath(calibration.observed_data_path).name,
        ]
        said = next((words for text in texts for part, words in _KNOWN if part.search(text)), None)
        if said is not None:
            groups = {series.rpartition("_")[2] for series in each.simulation}
            group = f", {groups.pop().replace('-', '–')}" if len(groups) == 1 else ""
            found["+".join(each.simulation)] = said + group.removesuffix(", total")
    times = Counter(found.values())
    return {name: words for name, words in found.items() if times[words] == 1}


def _name_targets(
    calibration: Calibration, output: Output, named: Mapping[str, str]
) -> dict[str, str]:
    """Name the hub's targets by the labels of the series that forecast them."""
    return {
        target: f"{named[series]} ({target})"
        for each in calibration.comparison
        if (series := "+".join(each.simulation)) in named
        for target in _targets(each, output)
    }


def _targets(comparison: Comparison, output: Output) -> list[str]:
    """Return the hub's targets that a comparison forecasts."""
    name, section = output.hub or ("", None)
    if section is None or not section.targets:
        return [_OF_HUBS[name]] if name in _OF_HUBS else []
    return [
        each.target
        for each in section.targets
        if not each.simulation or {*each.simulation} == {*comparison.simulation}
    ]
