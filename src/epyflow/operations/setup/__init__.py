"""Read the settings of a clone and write its files: settings of runs, and the user's project."""
