"""Sample posteriors by approximate Bayesian computation, without knowledge of experiments."""
