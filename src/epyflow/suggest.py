"""Suggest valid names that resemble a wrong one, as forecast-hub does."""

from forecast_hub.suggestions import did_you_mean, listed, nearest

__all__ = ["did_you_mean", "listed", "nearest"]
