"""Make forecasts from forecasts of other models, or from what was observed."""
