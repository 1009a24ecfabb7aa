"""One run: its settings, plan, sources, files and record."""
