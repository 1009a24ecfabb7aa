"""Fetch observations, and keep what was known on each day."""
