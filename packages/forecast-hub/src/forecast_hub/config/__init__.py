"""Read the configuration of a hub and describe its rounds and targets."""
