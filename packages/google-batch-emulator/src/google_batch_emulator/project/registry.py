"""Emulate Artifact Registry: manifests and configurations of container images.

An image of any digest is there, so the manifest does not hash to the digest asked for. Source: OCI
distribution specification, "Pull"; OCI image specification, "Image configuration".
"""

import hashlib
import json

from google_batch_emulator.errors import not_found
from google_batch_emulator.project.calls import Call, Route
from google_batch_emulator.project_state import named

_HOST = r"[a-z0-9-]+-docker\.pkg\.dev"
_IMAGE = r"/v2/(?P<project>[^/]+)/(?P<image>.+)"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


def get_manifest(call: Call) -> object:
    """Return the manifest of an image, which names its configuration."""
    name = f"{call.names['project']}/{call.names['image']}"
    if named(name, call.project.absent_images):
        raise not_found(f"{name}@{call.names['reference']}")
    content = _configuration(call)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    config = {"mediaType": _CONFIG, "digest": digest, "size": len(content)}
    return {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": []}


def get_blob(call: Call) -> object:
    """Return the configuration of an image; there are no other blobs."""
    digest = f"sha256:{hashlib.sha256(_configuration(call)).hexdigest()}"
    if call.names["digest"] != digest:
        raise not_found(f"blob {call.names['digest']}")
    return json.loads(_configuration(call))


def _configuration(call: Call) -> bytes:
    labels = call.project.image_labels
    document = {"architecture": "amd64", "os": "linux", "config": {"Labels": labels}}
    return json.dumps(document).encode()


_NEEDED = "artifactregistry.repositories.downloadArtifacts"

ROUTES = (
    Route(
        "GetManifest",
        _HOST,
        rf"(?:GET|HEAD) {_IMAGE}/manifests/(?P<reference>[^/]+)",
        _NEEDED,
        get_manifest,
    ),
    Route("GetBlob", _HOST, rf"GET {_IMAGE}/blobs/(?P<digest>[^/]+)", _NEEDED, get_blob),
)
