"""Run git without exposing a token.

The token is a header in the environment of git (``GIT_CONFIG_*``), which only the same user can
see. It is in no argument, file or output. Sources: git-config(1), "http.extraHeader" and
"GIT_CONFIG_COUNT"; git-ls-remote(1); curl answers git's "requested URL returned error".
"""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from epyflow.errors import EpyflowError, UnreachableError
from epyflow.repositories.address import Address
from epyflow.repositories.token import VARIABLES

KEPT_VARIABLES = frozenset(
    {
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH"),
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    }
)
"""Variables of git that configure the network. Others could make git trace what it sends, or read
another repository."""

_LONGEST_S = 1800

_OFFLINE = re.compile(
    r"could not resolve|failed to connect|couldn't connect|connection (timed out|refused|reset)|"
    r"operation (timed out|too slow)|network is unreachable|error: 5\d\d|empty reply",
    re.IGNORECASE,
)


class Git:
    """Run git for one repository.

    Parameters
    ----------
    address
        Address of the repository.
    token
        Token for the server, if it needs one.
    environment
        Environment of the calling process; git gets none of its variables ``EPYFLOW_*``, some of
        which are secrets.
    """

    def __init__(
        self, address: Address, token: str | None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._address = address
        self._secrets: tuple[str, ...] = ()
        self._environment = {
            name: value
            for name, value in environment.items()
            if name in KEPT_VARIABLES or not name.startswith(("GIT_", "EPYFLOW_"))
        } | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "LANGUAGE": ""}
        self._configure(token if address.takes_token else None)

    def _configure(self, token: str | None) -> None:
        settings = {
            "core.autocrlf": "false",  # the same bytes on every machine
            "core.hooksPath": os.devnull,
            "credential.helper": "",
            "filter.lfs.process": "",
            "filter.lfs.required": "false",
            "filter.lfs.smudge": "",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "30",
            # A header follows a redirect, to whatever host it leads.
            "http.followRedirects": "false",
            "protocol.allow": "never",
            f"protocol.{urlsplit(self._address.url).scheme}.allow": "always",
        }
        if token is not None:
            basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            self._secrets = (basic, token)
            parts = urlsplit(self._address.url)
            header = f"http.{parts.scheme}://{parts.netloc}/.extraHeader"
            settings[header] = f"Authorization: Basic {basic}"
        self._environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for index, (key, value) in enumerate(settings.items()):
            self._environment[f"GIT_CONFIG_KEY_{index}"] = key
            self._environment[f"GIT_CONFIG_VALUE_{index}"] = value

    def run(self, *arguments: str, folder: Path | None = None) -> str:
        """Run git and return its output.

        Raises
        ------
        UnreachableError
            If the server does not answer.
        EpyflowError
            If git is not installed or fails; the message says what to do and contains no token.
        """
        program = shutil.which("git", path=self._environment.get("PATH"))
        if program is None:
            raise EpyflowError(
                f"{self._address}: git is not installed on this machine; install it, or clone the "
                "repository elsewhere and give its folder as experiments_root"
            )
        command = [program, *arguments]
        done = self._call(command, folder)
        if done.returncode != 0:
            raise self._explained(done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def _call(
        self, command: Sequence[str], folder: Path | None
    ) -> "subprocess.CompletedProcess[bytes]":
        try:
            return subprocess.run(  # noqa: S603 - no shell; the address has been checked
                command,
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_LONGEST_S,
            )
        except subprocess.TimeoutExpired:
            raise UnreachableError(
                f"{self._address}: git was stopped after {_LONGEST_S // 60} minutes"
            ) from None

    def _explained(self, printed: str) -> EpyflowError:
        for secret in self._secrets:
            printed = printed.replace(secret, "***")
        said = " ".join(printed.split())
        if _OFFLINE.search(said):
            return UnreachableError(f"{self._address}: the server does not answer ({said})")
        return EpyflowError(f"{self._address}: {self._remedy(said)} (git: {said})")

    def _remedy(self, said: str) -> str:
        given = bool(self._secrets)
        if "error: 401" in said or "Authentication failed" in said or "could not read User" in said:
            return (
                "the server does not accept the token (401); it may have expired: make a new one"
                if given
                else f"the server asks for a token (401); set one of {', '.join(VARIABLES)}"
            )
        if "error: 403" in said:
            return (
                "the token may not read this repository (403); give it the permission to read "
                "contents, and the approval of your organisation if it is required"
            )
        if "error: 404" in said or "not found" in said or "does not appear to be" in said:
            hint = "whether the token may read it" if given else "whether it needs a token"
            return f"there is no such repository (404); check the address, and {hint}"
        if re.search(r"error: 30\d", said) or "redirect" in said:
            return "the repository has moved; give its new address"
        if "not our ref" in said or "unadvertised object" in said:
            return "the repository has no such commit; check its 40 digits"
        return "git failed; its message gives the reason"
