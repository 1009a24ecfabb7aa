"""Emulate Google Batch, Cloud Logging and Cloud Storage on one machine.

with Emulator() as emulator:
    subprocess.run(command, env=os.environ | emulator.environment)
"""

from importlib.metadata import version

from google_batch_emulator.admin import AdminClient
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.faults import (
    ApiFault,
    FaultPlan,
    JobFault,
    StorageFault,
    TaskFault,
    read_plan,
)
from google_batch_emulator.project_state import Project
from google_batch_emulator.settings import Image, Limits, Quotas, Settings

__version__ = version("google-batch-emulator")

__all__ = [
    "AdminClient",
    "ApiFault",
    "Emulator",
    "EmulatorError",
    "FaultPlan",
    "Image",
    "JobFault",
    "Limits",
    "Project",
    "Quotas",
    "Settings",
    "StorageFault",
    "TaskFault",
    "read_plan",
]
