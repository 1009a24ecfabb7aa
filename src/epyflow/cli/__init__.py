"""The command ``epyflow``: one module for each subcommand."""
