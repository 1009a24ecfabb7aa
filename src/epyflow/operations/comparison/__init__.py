"""Compare the tables of two runs."""
