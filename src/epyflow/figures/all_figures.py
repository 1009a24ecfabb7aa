"""Import every figure, for the scripts that draw them."""

from epyflow.figures.calibration_progress import draw_progress, progress_chart
from epyflow.figures.change_map import draw_change_map
from epyflow.figures.coverage import draw_coverage
from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.fan_charts import draw_populations
from epyflow.figures.figure_file import save
from epyflow.figures.fit import draw_fits, fit_chart
from epyflow.figures.forecast_grid import draw_forecast_grid
from epyflow.figures.intervals import draw_intervals
from epyflow.figures.model_comparison import draw_comparison
from epyflow.figures.model_diagram import draw_model, model_diagram
from epyflow.figures.posteriors import draw_posteriors
from epyflow.figures.rate_trends import draw_rate_trends
from epyflow.figures.read_tables import Place, places_of
from epyflow.figures.reproduction_chart import draw_reproduction
from epyflow.figures.scores import draw_scores
from epyflow.figures.tasks import draw_tasks
from epyflow.figures.wording import with_named

__all__ = [
    "Place",
    "draw_change_map",
    "draw_comparison",
    "draw_coverage",
    "draw_fits",
    "draw_forecast_grid",
    "draw_intervals",
    "draw_model",
    "draw_populations",
    "draw_posteriors",
    "draw_progress",
    "draw_rate_trends",
    "draw_reproduction",
    "draw_scores",
    "draw_tasks",
    "fan_chart",
    "fit_chart",
    "model_diagram",
    "places_of",
    "progress_chart",
    "save",
    "with_named",
]
