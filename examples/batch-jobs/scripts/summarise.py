"""A CSV file -> sums by one column, and a report of them as JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

table = pd.read_csv(snakemake.input[0])
column = snakemake.wildcards.column
sums = table.groupby(column, as_index=False)[["units", "revenue"]].sum()
sums.to_csv(snakemake.output.table, index=False)
report = {
    "dataset": snakemake.wildcards.dataset,
    "column": column,
    "rows": len(sums),
    "columns": list(sums.columns),
    "file": Path(snakemake.output.table).name,
}
Path(snakemake.output.report).write_text(json.dumps(report, indent=2) + "\n")
