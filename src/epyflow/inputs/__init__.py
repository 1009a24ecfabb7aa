"""Turn an experiment into tasks: plan the fan-out, draw parameter sets, build inputs."""
