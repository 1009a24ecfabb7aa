"""Name the tables of scores, without importing what computes them."""

BY = ("location", "horizon", "reference_date")
"""Columns by which mean scores are grouped, in a table each."""

SAMPLES = "mean_sample_scores.csv"
"""The mean scores of samples."""

TABLES = (
    *("quantile_scores.csv.gz", "pmf_scores.csv.gz"),
    *("sample_scores.csv.gz", "energy_scores.csv.gz", SAMPLES),
    *("mean_scores.csv", *(f"mean_scores_by_{name}.csv" for name in BY)),
)
"""The tables that are always computed."""

RELATIVE = "relative_scores.csv"
"""The table that needs a baseline."""
