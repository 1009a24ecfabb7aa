import argparse
from dataclasses import fields

import pytest
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from executor_fakes import settings
from snakemake_executor_plugin_googlebatch_array import ExecutorSettings, common_settings
from snakemake_executor_plugin_googlebatch_array.session import check_settings


@pytest.fixture
def plugin():
    return ExecutorPluginRegistry().get_plugin("googlebatch-array")


def parsed(plugin, *arguments):
    parser = argparse.ArgumentParser()
    parser.env_var_prefix = None
    plugin.register_cli_args(_WithoutEnvironment(parser), "executor")
    return plugin.get_settings(parser.parse_args(arguments))


class _WithoutEnvironment:
    """A parser that does not know ``env_var``, which Snakemake's does."""

    def __init__(self, parser):
        self.parser = parser

    def add_argument_group(self, title):
        group = self.parser.add_argument_group(title)
        add = group.add_argument

        def without(*names, env_var=None, **options):
            return add(*names, **options)

        group.add_argument = without
        return group


def test_snakemake_finds_the_plugin(plugin):
    assert plugin.settings_cls is ExecutorSettings
    assert plugin.common_settings is common_settings


@pytest.mark.usefixtures("stock_plugin")
def test_every_stock_setting_is_there_with_its_type_and_its_variable():
    from snakemake_executor_plugin_googlebatch import ExecutorSettings as StockSettings

    def described(settings_class):
        return {
            each.name: (each.type, each.metadata["env_var"], each.metadata["required"])
            for each in fields(settings_class)
        }

    assert described(StockSettings).items() <= described(ExecutorSettings).items()


def test_every_setting_can_be_given_on_the_command_line(plugin):
    values = {}
    for each in fields(ExecutorSettings):
        values[each.name] = True if each.type is bool else 7
    arguments = []
    for name, value in values.items():
        option = f"--googlebatch-array-{name.replace('_', '-')}"
        arguments += [option] if value is True else [option, str(value)]

    found = parsed(plugin, *arguments)

    for name, value in values.items():
        assert str(getattr(found, name)) in {str(value), str(float(value))}, name


def test_nothing_is_installed_before_a_task_and_no_value_is_in_a_command():
    assert not common_settings.auto_deploy_default_storage_provider
    assert not common_settings.pass_envvar_declarations_to_cmd


def test_the_default_settings_pass():
    check_settings(settings(), {"one"})


@pytest.mark.usefixtures("without_stock_plugin")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labels": "stage"}, "key=value"),
        ({"secret_variables": "A=b"}, "secret_variables"),
        ({"log_prefix": "here"}, "gs://bucket"),
        ({"max_run_duration": "long"}, "3600s"),
        ({"max_array_size": 0}, "max-array-size is 0"),
        ({"parallelism": 5001}, "parallelism is 5001"),
        ({"retry_count": 11}, "retry-count is 11"),
        ({"spot_attempts": 0}, "spot-attempts is 0"),
        ({"zones": "us-east1-b"}, "not in the region r"),
        ({"image_family": "batch-debian"}, "pip install snakemake-executor-plugin-googlebatch"),
        ({"override": "three:runtime=3"}, "no rule 'three'; there are one"),
    ],
)
def test_a_malformed_setting_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_settings(settings(**change), {"one"})
