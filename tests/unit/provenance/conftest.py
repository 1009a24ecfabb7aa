import pytest

SOURCES = {
    "__init__.py": "",
    "errors.py": "",
    "helper.py": "",
    "tasks.py": "import zlib\n",
    "inputs/__init__.py": "",
    "inputs/build.py": "from epyflow import tasks\n",
    "strategies/__init__.py": "from epyflow.strategies import smc\n",
    "strategies/smc.py": "from epyflow.tasks import Task\nimport epyflow.helper\n",
    "tables/__init__.py": "from .quantiles import chunks\nfrom .. import tasks\n",
    "tables/quantiles.py": "def chunks():\n    from ..helper import thing\n",
    "figures/__init__.py": "import matplotlib\n",
    "submission/__init__.py": "",
    "submission/make_rows.py": "",
    "submission/scores.py": "from forecast_hub.scoring import quantiles\n",
    "../forecast_hub/__init__.py": "",
    "../forecast_hub/unused.py": "",
    "../forecast_hub/scoring/__init__.py": "",
    "../forecast_hub/scoring/levels.json": "[0.5]",
    "../forecast_hub/scoring/quantiles.py": "",
    "submission/write_brief.py": "",
    "submission/publish.py": "",
    "inputs/observation_history.py": "",
    "report/__init__.py": "",
    "report/run_figures.py": "",
    "report/score_figures.py": "",
    "report/task_figures.py": "",
    "unused.py": "import epyflow.nowhere\n",
}


@pytest.fixture
def package(tmp_path):
    """Write a made-up epyflow and return its folder."""
    root = tmp_path / "epyflow"
    for name, text in SOURCES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
