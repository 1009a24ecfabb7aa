"""Set the variables that point Google's client libraries at the emulator."""

import shlex
from collections.abc import Mapping

UNIVERSE = "GOOGLE_CLOUD_UNIVERSE_DOMAIN"
STORAGE = "STORAGE_EMULATOR_HOST"
ROOTS = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
ACCOUNT = "GOOGLE_APPLICATION_CREDENTIALS"
PROJECT = "GOOGLE_CLOUD_PROJECT"
ADMIN = "GOOGLE_BATCH_EMULATOR_ADMIN"
APIS = "GOOGLE_BATCH_EMULATOR_APIS"
BUCKET = "GOOGLE_BATCH_EMULATOR_BUCKET"


def client_environment(
    port: int, storage_url: str, ca_file: str, account_file: str, project: str
) -> dict[str, str]:
    """Return the variables for a client.

    Parameters
    ----------
    port
        gRPC port. Clients ask batch.localhost and logging.localhost, which are this machine.
    storage_url
        Address of the storage service.
    ca_file, account_file
        Certificate authority to trust, and key of the service account, as the client sees them.
    project
        Project that is used unless the client names another.
    """
    return {
        STORAGE: storage_url,
        UNIVERSE: f"localhost:{port}",
        ROOTS: ca_file,
        ACCOUNT: account_file,
        PROJECT: project,
    }


def exports(environment: Mapping[str, str]) -> str:
    """Return lines for a POSIX shell."""
    return "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environment.items())
