"""Hand over the forecast of a week to a hub."""
