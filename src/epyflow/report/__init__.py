"""What the front page of a report says: warnings, headline numbers, the experiment in words."""

from epyflow.report.forecast_coverage import write_forecast_coverage
from epyflow.report.front_page import front_page
from epyflow.report.summary import Tables, summarise

__all__ = ["Tables", "front_page", "summarise", "write_forecast_coverage"]
