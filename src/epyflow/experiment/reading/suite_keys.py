"""Read keys of epymodelingsuite that this format spells otherwise, does not need, or refuses.

Source: mobs-lab/epymodelingsuite, ``epymodelingsuite/schema/``; every key is listed in
docs/coming-from-epymodelingsuite.md.
"""

from collections.abc import Callable
from typing import Any

from epyflow.experiment.reading.problems import Problem, Severity, problem_at
from epyflow.experiment.reading.yaml_source import Document, KeyPath
from epyflow.suggest import did_you_mean

Tell = Callable[[KeyPath, str, Severity], None]
"""Adds a problem at a key path below the top-level key."""

_SURVEILLANCE = {
    "data_path": "observed_data_path",
    "value_column": "observed_value_column",
    "date_column": "observed_date_column",
    "location_column": "observed_location_column",
}
_FUNCTION = (
    "functions that run inside a simulation are not read; expected transitions and parameters of "
    "the model instead"
)
_SERIES = ("compartments", "transitions")


def suite_key_problems(role: str, document: Document) -> list[Problem]:
    """Change a file's section, as read from YAML, so that it has the keys of this format alone.

    Parameters
    ----------
    role
        ``model``, ``modelset`` or ``output``.
    document
        The file; its data are changed in place.

    Returns
    -------
    problems
        A warning for each key without effect, an error for each that is refused.
    """
    problems: list[Problem] = []

    def tell(location: KeyPath, message: str, severity: Severity) -> None:
        problems.append(problem_at(document, (role, *location), message, severity))

    reader = {"model": _model, "modelset": _modelset, "output": _output}[role]
    if isinstance(document.data[role], dict):
        reader(document.data[role], tell)
    return problems


def _section(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _refuse_others(
    section: dict[str, Any], known: tuple[str, ...], here: KeyPath, tell: Tell
) -> None:
    """Refuse keys that are not known: a section that is taken apart is not validated later."""
    for key in section:
        if key not in known:
            near = did_you_mean(key, known)
            message = f"unknown key {key!r}{near}; expected one of {', '.join(known)}"
            tell((*here, key), message, "error")


def _drop(section: dict[str, Any], key: str, here: KeyPath, tell: Tell) -> None:
    """Leave out a key that the suite ignores, with a warning."""
    if section.pop(key, None) is not None:
        message = "has no effect, as in epymodelingsuite, which does not know it"
        tell((*here, key), message, "warning")


def _model(data: dict[str, Any], tell: Tell) -> None:
    for key in ("name", "notes"):
        _drop(_section(data, "meta"), key, ("meta",), tell)
    _drop(data, "notes", (), tell)
    interventions = data.get("interventions")
    for position, each in enumerate(interventions if isinstance(interventions, list) else ()):
        if isinstance(each, dict):
            _drop(each, "years", ("interventions", position), tell)
    population = _section(data, "population")
    if population.pop("location_type", "iso") != "iso":
        tell(
            ("population", "location_type"),
            "has no effect; a population is found by its name in the population data",
            "warning",
        )
    contacts = population.pop("contact_matrix", None)
    if contacts not in (None, population.get("name")):
        tell(
            ("population", "contact_matrix"),
            "contacts of another population are not read; expected population data that hold "
            "these contacts, with population_data=<folder>",
            "error",
        )


def _modelset(data: dict[str, Any], tell: Tell) -> None:
    names = data.get("population_names")
    if isinstance(names, list):
        plain = [each.get("name") if isinstance(each, dict) else each for each in names]
        data["population_names"] = ["all" if name == "all-states" else name for name in plain]
        if "all-metrocast" in plain:
            data["population_names"] = None
            tell(
                ("population_names",),
                "all-metrocast is not known; expected a list of the places",
                "error",
            )
    if data.get("sampling") == "populations":
        del data["sampling"]
    calibration = _section(data, "calibration")
    if calibration.pop("post_hoc_transformation", None) is not None:
        tell(("calibration", "post_hoc_transformation"), _FUNCTION, "error")
    if isinstance(calibration.get("distance_function"), dict):
        del calibration["distance_function"]
        tell(
            ("calibration", "distance_function"),
            "a function of the user is not read; expected rmse, wmape, ae, mae or mape",
            "error",
        )
    _comparisons(calibration, tell)


def _comparisons(calibration: dict[str, Any], tell: Tell) -> None:
    """Read the location column of the comparisons: they have one file, so one column."""
    comparisons = calibration.get("comparison")
    named = []
    for each in comparisons if isinstance(comparisons, list) else ():
        if isinstance(each, dict):
            each.pop("observed_location_format", None)  # every spelling of a place is known
            named.append(each.pop("observed_location_column", None))
    columns = [column for column in dict.fromkeys(named) if column is not None]
    if len(columns) > 1:
        tell(
            ("calibration", "comparison"),
            f"observed_location_column is {' and '.join(map(str, columns))}; expected one column "
            "for the one file",
            "error",
        )
    if columns:
        calibration.setdefault("observed_location_column", columns[0])


def _output(data: dict[str, Any], tell: Tell) -> None:
    options = _section(data, "options")
    sources = _section(options, "surveillance")
    _refuse_others(options, ("surveillance",), ("options",), tell)
    data.pop("options", None)
    unread = dict.fromkeys(sources)
    flusight = data.get("flusight_format")
    if isinstance(flusight, dict):
        unread.pop(str(flusight.get("rate_trends_source")), None)
        _flusight(data, flusight, sources, tell)
    for name in unread:
        tell(
            ("options", "surveillance", name),
            "has no effect; expected its name as flusight_format.rate_trends_source",
            "warning",
        )
    _plots(data, tell)
    _tables(data, tell)


def _flusight(
    data: dict[str, Any], section: dict[str, Any], sources: dict[str, Any], tell: Tell
) -> None:
    here: KeyPath = ("flusight_format",)
    source = section.pop("rate_trends_source", None)
    if source is not None and isinstance(sources.get(source), dict):
        given = {key: value for key, value in sources[source].items() if key != "location_format"}
        section["rate_trends"] = {_SURVEILLANCE.get(key, key): given[key] for key in given}
    elif source is not None:
        tell(
            (*here, "rate_trends_source"),
            f"there is no source {source!r}; expected one of output.options.surveillance",
            "error",
        )
    if section.pop("quantiles", None) is not None:
        tell((*here, "quantiles"), "has no effect; the hub's levels are submitted", "warning")
    if section.pop("metrocast", None):
        expected = "expected hub_format, with hub=<folder of the hub>"
        tell((*here, "metrocast"), f"MetroCast is a hub of its own; {expected}", "error")
    if section.pop("prop_ed", None) is not None:
        tell(
            (*here, "prop_ed"),
            "visits are not made from admissions; expected a comparison with observed visits in "
            "the calibration, and a target for them",
            "error",
        )
    admissions = section.pop("hospitalizations", {})
    if admissions is None:
        del data["flusight_format"]
        tell(here, "without hospitalizations nothing is submitted", "warning")
    elif isinstance(admissions, dict):
        _refuse_others(admissions, ("target",), (*here, "hospitalizations"), tell)
    if isinstance(admissions, dict) and "target" in admissions:
        listed = [{"target": admissions["target"], "output_types": ["quantile"]}]
        trends = [{"target": "wk flu hosp rate change"}] if source is not None else []
        section.setdefault("targets", [*listed, *trends])


def _plots(data: dict[str, Any], tell: Tell) -> None:
    plots = data.pop("plots", None)
    if not isinstance(plots, dict):
        return
    if "figure_output_types" in plots:
        data.setdefault("figure_output_types", plots.pop("figure_output_types"))
    for key in plots:
        tell(
            ("plots", key),
            "has no effect; figures are drawn for every table, as docs/report.md says",
            "warning",
        )


def _tables(data: dict[str, Any], tell: Tell) -> None:
    quantiles = _section(data, "quantiles")
    if isinstance(quantiles.get("default_format"), dict):
        old = quantiles.pop("default_format")
        quantiles.update({key: value for key, value in old.items() if key not in quantiles})
        message = "is an older spelling; did you mean quantiles.compartments and .transitions?"
        tell(("quantiles", "default_format"), message, "warning")
    fitted = quantiles.pop("calibration", None)
    if isinstance(fitted, list):
        tell(
            ("quantiles", "calibration"),
            "has no effect; quantiles_calibration is of the generation that is projected",
            "warning",
        )
    for key in ("quantiles", "trajectories"):
        section = data.get(key)
        if not isinstance(section, dict) or set(section) - {*_SERIES, "selections"}:
            continue
        if all(section.get(kind) in (None, False) for kind in _SERIES):
            del data[key]
            if fitted is None or key != "quantiles":
                tell((key,), "selects nothing; this table is not written", "warning")
    posteriors = data.get("posteriors")
    if posteriors == {"generations": None}:
        data["posteriors"] = True
