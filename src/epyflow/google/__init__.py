"""What a person asks of a run in the cloud, and the few files that no rule can move there."""
