"""Assemble the model of a simulation from an experiment, a population and a parameter set."""
