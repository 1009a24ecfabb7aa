"""Make up a certificate authority, a service account and project numbers."""

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_PUBLIC_EXPONENT = 65537

# Clients refuse a wildcard right below a top-level domain, so each service is named.
_SERVER_NAMES = (
    "localhost",
    "batch.localhost",
    "logging.localhost",
    "secretmanager.localhost",
    "127.0.0.1",
)


@dataclass(frozen=True)
class Identity:
    """Keys and certificates of one run of the emulator.

    Parameters
    ----------
    folder
        Where ``ca.pem`` is, and ``service-account.json`` once it has been written.
    account
        Key of the service account.
    server_key, server_chain
        The server's key and certificates, as PEM.
    """

    folder: Path
    account: rsa.RSAPrivateKey
    server_key: bytes
    server_chain: bytes

    @property
    def ca_file(self) -> Path:
        """PEM of the certificate authority that clients must trust."""
        return self.folder / "ca.pem"

    @property
    def account_file(self) -> Path:
        """Key of the service account, as Google's libraries read it."""
        return self.folder / "service-account.json"

    @property
    def account_key(self) -> bytes:
        """PEM of the account's public key, which checks the tokens."""
        return self.account.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def write_account(self, project: str, universe: str) -> None:
        """Write the key of the service account for clients.

        Parameters
        ----------
        project
            Project of the account.
        universe
            Its universe domain. Where it differs from googleapis.com, clients sign their tokens
            themselves and ask no server for one.
        """
        self.account_file.touch(mode=0o600)
        account = _account(self.account, project, universe)
        self.account_file.write_text(json.dumps(account, indent=2), "utf-8")


def make_identity(folder: Path) -> Identity:
    """Make a certificate for localhost and a service account; write ``ca.pem``."""
    authority = _authority()
    server = authority.issue_cert(*_SERVER_NAMES)
    chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
    key = rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=2048)
    identity = Identity(folder, key, server.private_key_pem.bytes(), chain)
    identity.ca_file.write_bytes(authority.cert_pem.bytes())
    return identity


@functools.cache
def _authority() -> trustme.CA:
    """Return the authority of this process: gRPC reads the file it is told to trust only once."""
    return trustme.CA(organization_name="google-batch-emulator")


def _account(key: rsa.RSAPrivateKey, project: str, universe: str) -> dict[str, str]:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": hashlib.sha256(pem).hexdigest()[:40],
        "private_key": pem.decode(),
        "client_email": f"emulator@{project}.iam.gserviceaccount.com",
        "client_id": project_number(project),
        "token_uri": f"https://oauth2.{universe}/token",
        "universe_domain": universe,
    }


def project_number(project: str) -> str:
    """Return the number of a project: twelve digits that depend on its id alone."""
    if project.isdigit():
        return project
    digest = hashlib.sha256(project.encode()).digest()
    return str(100_000_000_000 + int.from_bytes(digest[:8], "big") % 900_000_000_000)
