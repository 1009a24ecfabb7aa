"""Turn results into the submission to a forecast hub."""
