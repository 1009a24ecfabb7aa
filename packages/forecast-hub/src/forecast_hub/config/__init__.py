"""Read the configuration of a hub: rounds, tasks, targets, locations and file names."""
