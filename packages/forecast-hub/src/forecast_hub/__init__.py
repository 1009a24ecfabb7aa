"""Forecast hubs of the hubverse: their configuration, submission files, validation and scores."""
