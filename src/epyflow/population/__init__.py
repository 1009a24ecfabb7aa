"""Populations: their locations, age groups and contacts."""
