"""A remote executor for tests: each job is a process in an empty directory, as in the cloud."""

import os
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=True,
    job_deploy_sources=True,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=True,
    auto_deploy_default_storage_provider=False,
    init_seconds_before_status_checks=1,
)


class Executor(RemoteExecutor):
    """Start a process per job, look at all of them once in a while."""

    def get_python_executable(self) -> str:
        """Use the first ``python``: a command that forks a process which has Snakemake ready."""
        return "python"

    def run_job(self, job: Any) -> None:
        """Start the job with the command that a cloud's machine would be given."""
        place = tempfile.mkdtemp(prefix="job-", dir=os.environ["APART_DIR"])
        log = open(f"{place}.log", "wb")  # noqa: SIM115, PTH123
        path = f"{os.environ['APART_BIN']}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(  # noqa: S602
            self.format_job_exec(job),
            shell=True,
            cwd=place,
            env=os.environ | {"PATH": path},
            stdout=log,
            stderr=log,
        )
        info = SubmittedJobInfo(job, external_jobid=str(process.pid), aux={"process": process})
        self.report_job_submission(info)

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Report those that have ended."""
        for info in active_jobs:
            code = info.aux["process"].poll()
            if code is None:
                yield info
            elif code == 0:
                self.report_job_success(info)
            else:
                self.report_job_error(info, msg=f"exit code {code}. ")

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End what is running."""
        for info in active_jobs:
            info.aux["process"].terminate()
