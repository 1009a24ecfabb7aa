"""Read hubverse hubs, check submissions to them, and score forecasts."""
