"""Find the experiment that a command names, and start it with Snakemake."""
