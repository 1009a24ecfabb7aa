"""Start, describe and stop all services of the emulator."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from google_batch_emulator import client_environment as names
from google_batch_emulator.admin import AdminServer
from google_batch_emulator.client_environment import client_environment
from google_batch_emulator.engine import Engine
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.execution.barriers import Barriers
from google_batch_emulator.execution.context import Context
from google_batch_emulator.execution.executor import LocalExecutor
from google_batch_emulator.execution.file_system_view import CREDENTIALS, host_view, image_view
from google_batch_emulator.execution.kernel import choose_isolation
from google_batch_emulator.execution.runnable_environment import read_secrets
from google_batch_emulator.execution.spec import Bind
from google_batch_emulator.fault_injection import FaultInjector
from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import FaultPlan
from google_batch_emulator.grpc_server import Server
from google_batch_emulator.identity import Identity, make_identity
from google_batch_emulator.job_store import Store
from google_batch_emulator.logbook import Logbook
from google_batch_emulator.methods import methods
from google_batch_emulator.project.http_server import ProjectServer
from google_batch_emulator.records import Executor
from google_batch_emulator.request_counts import Requests
from google_batch_emulator.services.batch import BatchService
from google_batch_emulator.services.logging import LoggingService
from google_batch_emulator.services.operations import Operations
from google_batch_emulator.services.secrets import SecretsService
from google_batch_emulator.settings import Settings
from google_batch_emulator.storage.gcs_server import StorageServer
from google_batch_emulator.storage.proxy import StorageProxy
from google_batch_emulator.stub_executor import StubExecutor
from google_batch_emulator.timers import Timers

_END_SECONDS = 30.0


class Emulator:
    """Google Batch, Logging and Storage on one machine; a context manager.

    Parameters
    ----------
    settings
        What is chosen; the defaults suit a test.
    plan
        What goes wrong from the start; nothing by default.

    Attributes
    ----------
    environment
        Variables for clients, once it has started.
    faults
        Takes another plan at any time: ``emulator.faults.replace(plan)``.
    requests
        Counts of requests.
    strike
        Befalls tasks that run now: ``emulator.strike("my-job*", 3, "preempt")``.
    isolation
        How tasks are kept apart: "namespaces", "user-namespaces", "none" or "stub".
    layers
        Whether a container can write to folders of its image, unseen by others. If not, the kernel
        refuses overlays, and they are read-only.
    """

    def __init__(self, settings: Settings | None = None, plan: FaultPlan | None = None) -> None:
        self.settings = settings or Settings()
        self.faults = Faults(plan)
        self.requests = Requests()
        self.environment: dict[str, str] = {}
        self.isolation = ""
        self.layers = False
        self.store = Store()
        self.logbook = Logbook(lambda: self.faults.plan.log_delay_seconds)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every service.

        Raises
        ------
        EmulatorError
            If the kernel forbids the isolation asked for, a port is taken, or a file is missing.
        """
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Kill every task, stop every service, and remove the working files."""
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        settings = self.settings
        folder = self._folder(stack)
        storage_url = self._start_storage(stack, folder)
        identity = make_identity(folder)
        server = Server(self.faults, self.requests, identity, settings.project)
        stack.callback(server.stop)
        port = self._bind(server)
        identity.write_account(settings.project, f"localhost:{port}")
        timers = Timers()
        stack.callback(timers.stop)
        executor = self._executor(timers, folder, identity, port, storage_url)
        engine = Engine(self.store, settings, self.faults, executor, timers)
        stack.callback(_end_tasks, engine, executor)
        operations = Operations()
        batch = BatchService(self.store, engine, operations, settings)
        logging = LoggingService(self.logbook, settings.page_size)
        secrets = SecretsService(read_secrets(settings.secrets))
        server.start(methods(settings, batch, operations, logging, secrets))
        injector = FaultInjector(self.store, timers)
        self.strike = injector.strike
        admin = AdminServer(self.faults, self.requests, injector.strike, settings.admin_port)
        stack.callback(admin.stop)
        project = self._start_project(stack, identity)
        files = (str(identity.ca_file), str(identity.account_file))
        self.environment = client_environment(port, storage_url, *files, settings.project) | {
            names.BUCKET: settings.bucket,
            names.ADMIN: admin.url,
            names.APIS: project.url,
        }

    def _folder(self, stack: ExitStack) -> Path:
        """Return an empty folder for working files."""
        chosen = self.settings.state_dir
        if chosen is not None:
            chosen.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="google-batch-emulator-", dir=chosen)).resolve()
        if not self.settings.keep_task_files:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _start_storage(self, stack: ExitStack, folder: Path) -> str:
        """Start the storage server and its proxy; return the address of the proxy."""
        settings = self.settings
        try:
            proxy = StorageProxy(self.faults, self.requests, settings.storage_port)
        except OSError as error:
            raise EmulatorError(
                f"storage port {settings.storage_port}: {error.strerror}"
            ) from error
        stack.callback(proxy.stop)
        storage = StorageServer(folder, proxy.url)
        stack.callback(storage.stop)
        storage.wait_ready()
        storage.make_bucket(settings.bucket, settings.project)
        proxy.start(storage.port)
        return proxy.url

    def _bind(self, server: Server) -> int:
        try:
            return server.bind(self.settings.port)
        except RuntimeError as error:
            raise EmulatorError(f"port {self.settings.port} cannot be used: {error}") from error

    def _start_project(self, stack: ExitStack, identity: Identity) -> ProjectServer:
        settings = self.settings
        chosen = (settings.project, settings.project_port)
        try:
            project = ProjectServer(self.faults, self.requests, identity, *chosen)
        except OSError as error:
            raise EmulatorError(f"project port {chosen[1]}: {error.strerror}") from error
        stack.callback(project.stop)
        return project

    def _executor(
        self, timers: Timers, folder: Path, identity: Identity, port: int, storage_url: str
    ) -> Executor:
        settings = self.settings
        if settings.stub:
            self.isolation = "stub"
            return StubExecutor(timers, settings.stub_seconds)
        tasks = folder / "tasks"
        tasks.mkdir()
        host = host_view(settings.python, settings.expose, settings.environment)
        kernel = choose_isolation(settings.isolation, host, tasks)
        self.isolation, self.layers = kernel.isolation, kernel.layers
        outside = [identity.ca_file, identity.account_file]
        bare = self.isolation == "none"
        inside = outside if bare else [Path(CREDENTIALS, path.name) for path in outside]
        files = (str(inside[0]), str(inside[1]))
        context = Context(
            settings,
            self.isolation,
            tasks,
            host,
            {name: image_view(image) for name, image in settings.images.items()},
            client_environment(port, storage_url, *files, settings.project),
            tuple(Bind(str(old), str(new)) for old, new in zip(outside, inside, strict=True)),
            read_secrets(settings.secrets),
            self.logbook,
            Barriers(),
        )
        return LocalExecutor(context)


def _end_tasks(engine: Engine, executor: Executor) -> None:
    """Kill every task and wait until nothing of them is left."""
    engine.stop()
    if isinstance(executor, LocalExecutor):
        executor.join(_END_SECONDS)
