import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from epyflow.errors import EpyflowError
from epyflow.run.environment import (
    environment_values,
    override_settings,
    repeatable_command,
    variable,
)
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import written_texts

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Given:
    """What Snakemake keeps of ``--config`` and ``--configfile``."""

    config_args: list[str] | None = None
    configfiles: tuple[Path, ...] = ()
    overwrite_config: dict[str, Any] = field(default_factory=dict)


def test_each_setting_has_a_variable_and_texts_are_as_they_are_written():
    values = environment_values(
        {
            "EPYFLOW_RUN_ID": "007",
            "EPYFLOW_N_SIMS": "2",
            "EPYFLOW_PARTIAL_RESULTS": "true",
            "EPYFLOW_REFERENCE_DATES": "[2024-12-21]",
            "EPYFLOW_HUB": "",
            "EPYFLOW_GCP_REGION": "us-central1",
        }
    )

    assert values == {
        "run_id": "007",
        "n_sims": 2,
        "partial_results": "true",
        "reference_dates": ["2024-12-21"],
    }
    assert read_settings({"experiment": "a", **values}).partial_results is True


def test_every_wrong_value_names_its_variable():
    with pytest.raises(EpyflowError) as caught:
        environment_values({"EPYFLOW_N_SIMS": "many", "EPYFLOW_BUILD": "there"})

    first, second = str(caught.value).splitlines()
    assert first.startswith("EPYFLOW_N_SIMS: 'many'")
    assert second.startswith("EPYFLOW_BUILD: 'there'")


@pytest.mark.parametrize("text", ["1_0", "010", "1:30", "١٢"])
def test_a_number_that_readers_understand_differently_is_refused(text, tmp_path):
    with pytest.raises(EpyflowError, match="EPYFLOW_N_SIMS: "):
        environment_values({"EPYFLOW_N_SIMS": text})
    # Snakemake has read the argument as a number before.
    names = override_settings(Given([f"seed={text}"]), {})
    with pytest.raises(EpyflowError, match="config: seed: "):
        read_settings({"experiment": "a", **names})
    layer = tmp_path / "layer.yaml"
    layer.write_text(f"seed: {text}\n")
    with pytest.raises(EpyflowError, match=r"config: seed: |layer.yaml: line 1, column 7: "):
        read_settings({"experiment": "a", **written_texts([], [layer])})


def test_variables_win_over_files_and_lose_to_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layer = tmp_path / "layer.yaml"
    layer.write_text("run_id: of_the_file\nseed: 1\n")
    given = Given(["experiment=b"], (layer,), {"run_id": "of_the_file", "seed": 1})
    variables = {"EPYFLOW_EXPERIMENT": "a", "EPYFLOW_RUN_ID": "1_0", "EPYFLOW_SEED": "2"}

    names = override_settings(given, variables)

    assert names == {"experiment": "b", "run_id": "1_0", "seed": 2}
    assert given.overwrite_config == names
    # Jobs are started with these arguments, and read the same without any variable.
    assert given.config_args == ["experiment=b", "run_id=1_0", "seed=2"]
    assert override_settings(Given(given.config_args), {}) == {"experiment": "b", "run_id": "1_0"}


def test_a_command_is_recorded_with_the_variables_that_it_was_given():
    command = repeatable_command(["snakemake", "-c1"], {"EPYFLOW_RUN_ID": "a b"})

    assert shlex.join(command) == "env 'EPYFLOW_RUN_ID=a b' snakemake -c1"
    assert repeatable_command(["snakemake", "-c1"], {}) == ["snakemake", "-c1"]


def test_no_other_variable_has_the_name_of_a_settings():
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("src", "docker", "profiles", "scripts", "packages")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yaml") or path.name == "Dockerfile"
    )
    others = set(re.findall(r"EPYFLOW_[A-Z_]+[A-Z]", text)) - {"EPYFLOW_RUN_ID"}

    assert "EPYFLOW_GCP_SITE" in others
    assert others.isdisjoint(map(variable, Settings.model_fields))
