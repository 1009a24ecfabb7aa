"""Describe the columns of every table; docs/tables.md is made from here."""

from collections.abc import Mapping

from epyflow.tables import TABLES

FIXED: Mapping[str, str] = {
    "primary_id": "number of the member: one population with one parameter set",
    "sim_id": "number of the simulation or trajectory of a member, from 0",
    "scenario": "scenario of the projection; only where the experiment has scenarios",
    "seed": "random seed of the run",
    "delta_t": "days per step",
    "population": "name in the population data, such as `United_States_Massachusetts`",
    "location": "ISO code, such as `US-MA`",
    "date": "date; transitions are sums over the period that ends on it",
    "quantile": "level, from 0 to 1",
    "effective_reproduction_number": "persons infected by one infected on the date",
    "generation": "generation of the calibration, from 0",
    "particle": "number of the particle in its generation, from 0",
    "weight": "weight of the particle; those of a generation add up to 1",
    "distance": "distance of the particle's simulation from the observations",
    "start_date": "first day simulated; of a posterior, the particle's",
    "start_date_days": "start of the particle in days after `reference_date`",
    "epsilon": "tolerance of the generation",
    "particles": "accepted particles",
    "simulations": "simulations of the generation",
    "acceptance": "accepted share of the simulations",
    "effective_sample_size": "particles of equal weight with the same precision",
    "min_distance": "smallest accepted distance",
    "median_distance": "median of the accepted distances",
    "end_date": "last day simulated",
    "n_sims": "simulations, or projected trajectories, of the row",
    "status": "`ok` or `failed`",
    "cause": "why the task failed",
    "strategy": "`smc`, `rejection` or `top_fraction`",
    "fitting_start": "first date compared with observations",
    "fitting_end": "last date compared with observations",
    "projection_start": "first date projected after the fitting window",
    "projection_end": "last date projected",
    "generations": "generations completed",
    "ended": "`complete`, `minimum_epsilon`, `max_time` or `total_simulations_budget`",
    "simulations_used": "simulations of the completed generations",
    "missing_observations": "dates without an observation, joined by `;`",
    "settings": "options of the strategy and estimates of the observation model, as JSON",
}
"""Column to its meaning, in every table that has it."""

VARIABLE: Mapping[str, str] = {
    "n_projections_<scenario>": "trajectories of the scenario; `baseline` without scenarios",
    "proj_<scenario>_<name>": "calibrated values of the scenario's trajectories, as a JSON list; "
    "with `projection_parameters: true`",
    "init_<compartment>_<age group>": "persons in the compartment at the start of a simulation",
    "init_<compartment>_total": "persons of all ages likewise",
    "observed_<comparison>": "the observation of a comparison; empty where there is none",
    "<parameter>, <parameter>_<age group>": "value of the parameter",
    "<compartment>_<age group>, <compartment>_total": "persons in the compartment on the date",
    "<source>_to_<target>_<age group>, <source>_to_<target>_total": "persons who moved in the "
    "period that ends on the date",
    "<comparison>": "the transitions of a comparison, summed and joined by `+`",
    "<calibrated parameter>": "value of the particle",
    "<calibrated compartment>": "initial condition of the particle: persons from 1 on, below 1 a "
    "share of every age group",
}
"""Form of a column whose name depends on the experiment, to its meaning."""

HEADLINE: Mapping[str, str] = {
    "location": "label of the population",
    "status": "`ok`, `partial` or `failed`",
    "last_observed, observed": "date and value of the last observation that the run knew",
    "observed_rate_per_100000": "that value per 100,000 people of the hub's table of locations",
    "interval, coverage": "widest interval of the fit, and the share of observations inside",
    "acceptance": "accepted share of the simulations of the last generation",
    "peak_size_<quantile>, peak_week_<quantile>": "size and week of the peak, of trajectories that "
    "continue the observations; quantiles as below",
    "p_peak_passed": "probability that the peak is an observed week",
    "date": "end of the week ahead; a row for each, at most four",
    "median, low_50, high_50, low_95, high_95": "median and ends of the 50% and 95% intervals",
    "change_percent": "change from the last observation to the median",
    "rate_per_100000": "the median per 100,000 people",
    "p_fall, p_rise": "probability of a fall and of a rise from the last observation; with rate "
    "trends, of a decrease and of an increase as the hub defines them",
    "p_<class>": "probability of FluSight's class: `large_decrease`, `decrease`, `stable`, "
    "`increase`, `large_increase`",
    "warnings": "number of the checks of the calibration and the forecast that it failed",
    "sentence": "the sentence of the first page",
}
"""Column of ``figures/headline.csv``, or its form, to its meaning."""

OUTCOMES: Mapping[str, str] = {
    "location": "label of the population",
    "quantity, value": "a quantity that is varied, and its value or third of values; or `all`",
    "parameter_sets, simulations": "number of each that succeeded",
    "transition, source": "series; whether numbers are of `trajectories` or of the "
    "`medians of each period`, which have no interval",
    "total_<quantile>": "persons from the start to the end of the simulation; quantiles as above",
    "attack_percent_<quantile>": "the total in percent of the population; infections only",
    "peak_size_<quantile>, peak_week_<quantile>": "most persons in a period, and its end",
}
"""Column of ``figures/outcomes.csv``, or its form, to its meaning."""

_FORMS: Mapping[str, tuple[str, ...]] = {
    "compartments": ("<compartment>_<age group>, <compartment>_total",),
    "transitions": ("<source>_to_<target>_<age group>, <source>_to_<target>_total",),
    "comparison": ("<comparison>",),
    "calibration": ("<comparison>", "observed_<comparison>"),
    "effective_reproduction_number": ("effective_reproduction_number",),
    "posteriors": (
        *("<calibrated parameter>", "<calibrated compartment>"),
        *("start_date_days", "start_date"),
    ),
    "model_metadata": (
        *("strategy", "fitting_start", "fitting_end", "projection_start", "projection_end"),
        *("generations", "ended", "simulations_used", "missing_observations", "settings"),
        *("n_projections_<scenario>", "<parameter>, <parameter>_<age group>"),
        *("proj_<scenario>_<name>", "init_<compartment>_<age group>"),
        "init_<compartment>_total",
    ),
}
"""End of a table's name to what ``...`` stands for among its columns."""


def columns_of(table: str) -> list[str]:
    """Return the columns of a table in order; those that depend on the experiment as forms."""
    names: list[str] = []
    for column in TABLES[table].columns:
        forms = next((each for end, each in _FORMS.items() if table.endswith(end)), ())
        names += forms if column == "..." else (column,)
    return names


def as_markdown() -> str:
    """Return docs/tables.md."""
    listed: dict[str, list[str]] = {}
    for table in TABLES:
        listed.setdefault(", ".join(f"`{each}`" for each in columns_of(table)), []).append(table)
    rows = [
        f"| {', '.join(f'`{each}`' for each in same)} | {all_}" for all_, same in listed.items()
    ]
    meanings = [f"| `{name}` | {text} |" for name, text in {**FIXED, **VARIABLE}.items()]
    return "\n".join(
        [
            "# Columns of the tables",
            "",
            "Tables are in `results/<exp_id>/<run_id>/outputs/`, as `<table>.csv.gz`, and as",
            "`<table>.parquet` with `tabular_output_types: [Parquet]`. `<...>` stands for names of",
            "the experiment. Under scenarios, tables of a projection have `scenario` after",
            "`primary_id`. Only calibrations have the columns of what was fitted and projected.",
            "This page is made by `epyflow.tables.column_descriptions`.",
            "",
            "| table | columns, in order |",
            "|---|---|",
            *(f"{row} |" for row in rows),
            "",
            "| column | meaning |",
            "|---|---|",
            *meanings,
            "",
            "## Headline numbers",
            "",
            "`figures/headline.csv` has a row for each population and week ahead, with those of",
            "these columns that the run has. Values have the unit of the first comparison.",
            "",
            "| column | meaning |",
            "|---|---|",
            *(f"| `{name}` | {text} |" for name, text in HEADLINE.items()),
            "",
            "## Outcomes by parameter",
            "",
            "`figures/outcomes.csv` of simulations without a fit: a row for each population,",
            "quantity, value and transition. Quantiles are over simulations and parameter sets.",
            "",
            "| column | meaning |",
            "|---|---|",
            *(f"| `{name}` | {text} |" for name, text in OUTCOMES.items()),
            "",
        ]
    )
