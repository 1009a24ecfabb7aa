"""Show a run of Snakemake as a live display, or as lines at intervals."""

from dataclasses import dataclass, field

from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from .handler import LogHandler

__all__ = ["LogHandler", "LogHandlerSettings"]


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """Settings, as ``--logger-live-...`` or ``logger-live-...`` in a profile."""

    mode: str | None = field(
        default="auto",
        metadata={
            "help": "auto: a display on a terminal, lines elsewhere. plain: lines. "
            "off: Snakemake's own messages.",
            "type": str,
            "choices": ["auto", "plain", "off"],
        },
    )
    pattern: str | None = field(
        default=None,
        metadata={
            "help": "Regular expression with named groups; of the last line of a job's log that it "
            "matches, the names and values are shown.",
            "type": str,
        },
    )
    rows: int | None = field(
        default=12, metadata={"help": "Running jobs that are listed at most.", "type": int}
    )
    interval: int | None = field(
        default=30,
        metadata={"help": "Seconds between two lines where there is no display.", "type": int},
    )
