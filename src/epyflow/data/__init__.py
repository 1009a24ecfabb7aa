"""Read the data files that an experiment names: observations, coverage, school calendars."""
