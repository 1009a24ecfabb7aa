"""Read the YAML files of an experiment and report problems by file and line."""
