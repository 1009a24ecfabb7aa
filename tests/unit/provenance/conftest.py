import pytest

from epyflow.stages import STAGES

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
    "submission/scores.py": "from forecast_hub.scoring import quantiles\n",
    "../forecast_hub/__init__.py": "",
    "../forecast_hub/unused.py": "",
    "../forecast_hub/scoring/__init__.py": "",
    "../forecast_hub/scoring/levels.json": "[0.5]",
    "../forecast_hub/scoring/quantiles.py": "",
    "unused.py": "import epyflow.nowhere\n",
}


@pytest.fixture
def package(tmp_path):
    """Write a made-up epyflow and return its folder; entries of stages without a text are empty."""
    root = tmp_path / "epyflow"
    for name, text in (_entries() | SOURCES).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _entries():
    modules = [module for stage in STAGES.values() for module in stage.modules]
    paths = [module.split(".", 1)[1].replace(".", "/") for module in modules]
    packages = {path.partition("/")[0] for path in paths}
    files = [f"{path}.py" for path in paths if path not in packages]
    return dict.fromkeys([*(f"{name}/__init__.py" for name in packages), *files], "")
