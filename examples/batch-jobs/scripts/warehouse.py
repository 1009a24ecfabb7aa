"""Ask a warehouse in SQL: DuckDB on Parquet files, or BigQuery."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa


class QueryError(Exception):
    """A query that is not run."""


def ask(query: Mapping[str, Any], files: Sequence[str]) -> tuple[pa.Table, int]:
    """Run a query, if it reads no more than allowed.

    Parameters
    ----------
    query
        The section ``query`` of config.yaml.
    files
        Parquet files of the table ``orders``; for DuckDB only.

    Returns
    -------
    The rows, and the bytes that a dry run expects to be read.

    Raises
    ------
    QueryError
        If it would read more than ``maximum_bytes_billed``, or the back end is unknown.
    """
    backends = {"duckdb": ask_duckdb, "bigquery": ask_bigquery}
    if query["backend"] not in backends:
        raise QueryError(
            f"config.yaml: query.backend is {query['backend']!r}; expected one of "
            f"{', '.join(backends)}."
        )
    return backends[query["backend"]](query, files)


def ask_duckdb(query: Mapping[str, Any], files: Sequence[str]) -> tuple[pa.Table, int]:
    """Run a query on Parquet files; all of them count as read."""
    import duckdb

    with duckdb.connect() as connection:
        connection.read_parquet(list(files)).create_view("orders")
        # Fails if the query is not valid, and reads no rows.
        connection.execute(f"EXPLAIN {query['sql']}")
        expected = sum(Path(file).stat().st_size for file in files)
        check_bound(expected, query)
        return connection.sql(query["sql"]).to_arrow_table(), expected


def ask_bigquery(query: Mapping[str, Any], files: Sequence[str]) -> tuple[pa.Table, int]:
    """Run a query on BigQuery: a dry run first, which costs nothing."""
    from google.cloud import bigquery

    del files
    client = bigquery.Client(project=query["project"], location=query["location"])
    options = {"default_dataset": query["dataset"], "use_legacy_sql": False}
    dry = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, **options)
    expected = client.query(query["sql"], job_config=dry).total_bytes_processed
    check_bound(expected, query)
    bound = bigquery.QueryJobConfig(maximum_bytes_billed=query["maximum_bytes_billed"], **options)
    rows = client.query(query["sql"], job_config=bound).result()
    return rows.to_arrow(create_bqstorage_client=False), expected


def check_bound(expected: int, query: Mapping[str, Any]) -> None:
    """Refuse a query that would read more than allowed."""
    most = query["maximum_bytes_billed"]
    if expected > most:
        raise QueryError(
            f"The query would read {expected} bytes; config.yaml allows {most} "
            "(query.maximum_bytes_billed). Read fewer columns or partitions, or raise the bound."
        )
