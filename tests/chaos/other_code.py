"""Let a forked run take the code for another version."""

from collections.abc import Mapping

from epyflow.provenance import code


def install(environment: Mapping[str, str]) -> None:
    """Let this process, and its forks, see another hash of the code of each stage."""
    del environment
    plain = code._version
    code._version = lambda *given: plain(*given)[::-1]  # type: ignore[assignment]
