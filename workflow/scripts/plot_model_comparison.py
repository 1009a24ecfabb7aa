"""Submissions of all models, and what was observed -> a chart of all locations, and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.errors import user_errors
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to
from epyflow.submission.brief import read_prepared
from forecast_hub.errors import HubError
from forecast_hub.scoring.forecasts import read_forecasts, read_outcomes

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]), user_errors(HubError):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    files = [snakemake.input.submission, *snakemake.input.others]
    prepared = read_prepared(Path(snakemake.input.prepared))
    known = {
        target.target: {
            name: (series[n].dates, series[n].counts)
            for name, series in prepared.observed.items()
            if series[n] is not None
        }
        for n, target in enumerate(prepared.targets)
    }
    figures.draw_comparison(
        read_forecasts([Path(file) for file in files]),
        read_outcomes(Path(snakemake.input.target_data)),
        known,
        own=snakemake.params.own,
        places=figures.places_of(snakemake.config["plan"]),
        spellings=prepared.spellings,
        title=f"Forecasts of {prepared.reference_date} beside other models",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )
