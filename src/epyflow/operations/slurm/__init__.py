"""Settings of a Slurm cluster, its commands, and the jobs of a run on it."""
