"""Notify people and programs of the end of a run."""
