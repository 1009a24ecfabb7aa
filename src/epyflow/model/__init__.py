"""From a validated model, a population and a sample to what a simulation needs."""
