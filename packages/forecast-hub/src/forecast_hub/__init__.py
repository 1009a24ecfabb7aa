"""Read hubverse hubs, check submissions to them, score forecasts and combine them."""
