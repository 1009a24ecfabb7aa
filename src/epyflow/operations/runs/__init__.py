"""Inspect and manage runs from outside: list, progress, logs, download, cancel, clean."""
