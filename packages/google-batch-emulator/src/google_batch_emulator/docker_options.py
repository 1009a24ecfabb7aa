"""Read the ``docker run`` options of a container runnable."""

import shlex
from dataclasses import dataclass, field

from google_batch_emulator.errors import invalid, not_emulated

_SHORT = {"-e": "--env", "-w": "--workdir", "-v": "--volume", "-h": "--hostname", "-m": "--memory"}

# Accepted and without effect: a local process has no such thing, or has it already.
_IGNORED_FLAGS = {"--rm", "--init", "--privileged", "--interactive", "-i", "--tty", "-t"}
_IGNORED_VALUES = {
    "--cpus",
    "--cpu-shares",
    "--gpus",
    "--hostname",
    "--ipc",
    "--label",
    "--log-driver",
    "--memory",
    "--memory-swap",
    "--name",
    "--pid",
    "--pull",
    "--shm-size",
    "--ulimit",
}


@dataclass
class DockerOptions:
    """What the options change."""

    working_dir: str = ""
    entrypoint: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)


def read_options(text: str) -> DockerOptions:
    """Read the options of a container runnable.

    Parameters
    ----------
    text
        As in ``--network host --workdir /tmp/workdir -e NAME=value``.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT, if the quotes do not match or a value is missing. UNIMPLEMENTED, if an
        option would matter and is not emulated.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise invalid(f"container.options {text!r} cannot be read: {error}.") from error
    options = DockerOptions()
    rest = iter(words)
    for word in rest:
        name, has_value, value = word.partition("=")
        name = _SHORT.get(name, name)
        if name in _IGNORED_FLAGS:
            continue
        if not has_value:
            following = next(rest, None)
            if following is None:
                raise invalid(f"container.options {text!r}: {word} needs a value.")
            value = following
        _apply(options, name, value)
    return options


def _apply(options: DockerOptions, name: str, value: str) -> None:
    if name == "--workdir":
        options.working_dir = value
    elif name == "--entrypoint":
        options.entrypoint = value
    elif name == "--volume":
        options.volumes.append(value)
    elif name == "--env":
        key, _, setting = value.partition("=")
        options.environment[key] = setting
    elif name == "--network" and value in ("host", "bridge", "default"):
        return
    elif name not in _IGNORED_VALUES:
        raise not_emulated(f"the container option {name}")
