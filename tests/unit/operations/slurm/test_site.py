import json

import pytest
import yaml

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.slurm.site import (
    SlurmSite,
    read_slurm_site,
    site_of_profile,
    slurm_site_text,
)


def test_without_a_file_the_cluster_chooses_partition_and_account(tmp_path):
    site = read_slurm_site(tmp_path / "site.yaml")

    assert site == SlurmSite()
    assert site.resources() == []
    assert site.status_command == "squeue"


def test_resources_are_quoted_for_snakemake_which_evaluates_them(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text('partition: 2-days,short\naccount: "0123"\nqos: low\n')

    assert read_slurm_site(path).resources() == [
        "slurm_partition='2-days,short'",
        "slurm_account='0123'",
        "qos='low'",
    ]


def test_every_wrong_setting_is_named_with_the_file_and_what_is_expected(tmp_path, monkeypatch):
    path = tmp_path / "profiles" / "slurm" / "site.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("acount: lab\naccount: 123\npartition: 'short; rm'\nstatus_command: qstat\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as stopped:
        site_of_profile()

    lines = str(stopped.value).splitlines()
    assert len(lines) == 4
    assert all(line.startswith("profiles/slurm/site.yaml: ") for line in lines)
    assert "unknown key 'acount' (did you mean account?)" in "\n".join(lines)
    assert any("account: 123 is not right; expected the account" in line for line in lines)
    assert any("partition: 'short; rm' is not right" in line for line in lines)
    assert any("status_command: 'qstat' is not right" in line for line in lines)


@pytest.mark.parametrize("name", ["partition", "account", "qos"])
@pytest.mark.parametrize("value", ["-x", "--wrap=id", "$(id)", "`id`", "a b", "é", "١", "a\n", ""])
def test_what_sbatch_or_a_shell_would_take_for_more_than_a_name_is_refused(tmp_path, name, value):
    path = tmp_path / "site.yaml"
    path.write_text(f"{name}: {json.dumps(value)}\n")

    with pytest.raises(EpyflowError, match=f"{name}: .* is not right"):
        read_slurm_site(path)


def test_an_account_that_yaml_reads_in_base_eight_is_refused(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("account: 0123\n")

    with pytest.raises(UnreadableError, match=r"0123 would be 83 .* or '0123' for a text"):
        read_slurm_site(path)


def test_changed_settings_keep_the_others(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("qos: low\npartition: long\n")

    text = slurm_site_text({"partition": "short", "account": "0123"}, path)

    assert yaml.safe_load(text) == {"partition": "short", "account": "0123", "qos": "low"}
    with pytest.raises(EpyflowError, match=r"site\.yaml: account: 'a b' is not right"):
        slurm_site_text({"account": "a b"}, path)


def test_a_variable_names_another_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text("partition: short\n")
    monkeypatch.setenv("EPYFLOW_SLURM_SITE", str(path))

    assert read_slurm_site().partition == "short"
