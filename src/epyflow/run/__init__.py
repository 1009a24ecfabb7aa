"""Set up, plan and finish one run: settings, sources, plan, paths and record."""
