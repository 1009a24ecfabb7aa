"""Disturb small runs, and compare what they end with to a run that nothing disturbs."""
