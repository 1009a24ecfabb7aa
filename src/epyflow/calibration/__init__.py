"""Approximate Bayesian computation: samplers, distances, observations. Knows no experiment."""
