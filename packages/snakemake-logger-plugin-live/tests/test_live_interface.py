"""Test the plugin with the tests of Snakemake's interface of logger plugins."""

from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_live import LogHandler, LogHandlerSettings


class TestLive(TestLogHandlerBase):
    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return LogHandlerSettings(mode="plain")
