"""Suggest valid names that resemble a wrong one, as forecast-hub does, and count in words."""

from forecast_hub.suggestions import did_you_mean, listed, nearest

__all__ = ["counted", "did_you_mean", "listed", "nearest"]


def counted(number: int, noun: str) -> str:
    """Return ``1 error`` or ``1,000 errors``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
