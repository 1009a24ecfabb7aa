"""Write the files that a clone is configured with: settings of runs, and the user's project."""
