"""A query of the configuration -> its rows, and a signed report of what it read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from signatures import sign
from warehouse import ask

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

rows, bytes_read = ask(snakemake.params.query, list(snakemake.input))
pq.write_table(rows, snakemake.output.rows)
report = {"rows": rows.num_rows, "columns": rows.column_names, "bytes": bytes_read}
report |= {"file": Path(snakemake.output.rows).name, "signature": sign(snakemake.output.rows)}
Path(snakemake.output.report).write_text(json.dumps(report, indent=2) + "\n")
