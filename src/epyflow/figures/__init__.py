"""Draw matplotlib figures from tables and write them to files."""
