"""Slurm on one node: the configuration in a folder, the daemons as children of this process."""

import os
import platform
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from install_groups import install_groups

from tests.workflow.workspace import EPYFLOW, Workspace

PATH = f"{os.defpath}:/usr/sbin"
DAEMONS = ("munged", "slurmctld", "slurmd")

PARTITIONS = {"day": "24:00:00", "short": "1:00:00"}
"""The partitions of the node, the default one first, and their limits of time."""

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
"""


class Cluster:
    """A node with two partitions and no accounting.

    Parameters
    ----------
    folder
        Where its configuration, state and logs are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = install_groups("slurm")
        self.memory = min(psutil.virtual_memory().total // 2**20 - 256, 64_000)
        self.cpus = os.cpu_count() or 1

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which Slurm's commands and Snakemake's plugin find this cluster."""
        path = f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{PATH}"
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def ask(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        environment = os.environ | self.environment
        done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    @contextmanager
    def running(self) -> Iterator["Cluster"]:
        """Run the daemons while the block runs."""
        self._configure()
        with ExitStack() as stack:
            sockets = ("--socket", self.folder / "munge.sock", "--pid-file", self.folder / "m.pid")
            files = ("--key-file", self.folder / "key", "--seed-file", self.folder / "seed")
            log = ("--log-file", self.folder / "munge.log")
            stack.callback(self._start("munged", "--foreground", "--force", *sockets, *files, *log))
            stack.callback(self._start("slurmctld", "-D"))
            stack.callback(self._start("slurmd", "-D", "-N", platform.node()))
            stack.callback(self.ask, "scancel", "--user", "root")
            self._wait()
            yield self

    def _configure(self) -> None:
        for name in ("bin", "state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "key").write_bytes(secrets.token_bytes(128))
        (self.folder / "key").chmod(0o400)
        controller, daemon = _free_ports()
        text = _CONFIGURATION.format(
            node=platform.node(),
            folder=self.folder,
            controller=controller,
            daemon=daemon,
            cpus=self.cpus,
            memory=self.memory,
        )
        for name, limit in PARTITIONS.items():
            default = "YES" if name == next(iter(PARTITIONS)) else "NO"
            text += f"PartitionName={name} Nodes=ALL Default={default} MaxTime={limit}\n"
        (self.folder / "slurm.conf").write_text(text)
        # The plugin takes SLURM_CONF from the environment of srun, which is set on no real cluster.
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec /usr/bin/srun "$@"\n')
        srun.chmod(0o755)

    def _start(self, name: str, *arguments: object):  # type: ignore[no-untyped-def]
        """Start a daemon; return what ends it."""
        with (self.folder / f"{name}.out").open("wb") as output:
            process = subprocess.Popen(
                [name, *map(str, arguments)],
                env=os.environ | self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

        def end() -> None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        return end

    def _wait(self) -> None:
        """Wait until the node takes jobs."""
        environment, deadline = os.environ | self.environment, time.monotonic() + 60
        command, said = ["sinfo", "--noheader", "--format=%T"], ""
        while "idle" not in said:
            logs = {path.name: path.read_text()[-2000:] for path in self.folder.glob("*.out")}
            assert time.monotonic() < deadline, (said, logs)
            time.sleep(0.2)
            done = subprocess.run(command, env=environment, text=True, capture_output=True)
            said = done.stdout + done.stderr


class ClusterWorkspace(Workspace):
    """A workspace that is run with ``profiles/slurm`` on the cluster."""

    def __init__(self, folder: Path, cluster: Cluster, partition: str = "day") -> None:
        super().__init__(folder)
        self.cluster, self.plugins = cluster, cluster.plugins
        (folder / "profiles" / "slurm" / "site.yaml").write_text(f"partition: {partition}\n")

    def environment(self) -> dict[str, str]:
        return super().environment() | self.cluster.environment

    def command(self, *arguments: str, cores: int = 2, **config: object) -> list[str]:
        profile = ("--profile", "profiles/slurm", "--logger-live-mode", "off")
        soon = ("--slurm-init-seconds-before-status-checks", "1")
        return super().command(*profile, *soon, *arguments, cores=cores, **config)

    def jobs(self, rule: str) -> list[list[str]]:
        """Return array, task and state of the jobs of a rule, as Slurm remembers them."""
        command = ("squeue", "--noheader", "--states=all", "--array", "--format=%F|%K|%T|%k|%Z")
        jobs = [line.split("|") for line in self.cluster.ask(*command).splitlines()]
        own = [job for job in jobs if job[4] == str(self.folder)]
        return sorted(job[:3] for job in own if job[3].startswith(f"rule_{rule}_"))

    def epyflow(self, *arguments: str, code: int = 0) -> str:
        done = self.call([EPYFLOW, *arguments])
        assert done.code == code, done.text
        return done.text


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
