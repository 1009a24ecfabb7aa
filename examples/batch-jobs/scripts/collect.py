"""The reports of a matrix -> one table and one Markdown page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

reports = [json.loads(Path(path).read_text()) for path in snakemake.input]
table = pd.DataFrame(reports)[["dataset", "column", "rows", "file"]]
table.to_csv(snakemake.output.table, index=False)
lines = ["# Sums of orders", "", "| data set | by | rows | file |", "|---|---|---|---|"]
lines += [f"| {r['dataset']} | {r['column']} | {r['rows']} | {r['file']} |" for r in reports]
Path(snakemake.output.page).write_text("\n".join(lines) + "\n")
