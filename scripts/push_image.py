#!/usr/bin/env python3
"""Push the workers' image and name its digest in profiles/gcp/site.yaml.

make image-push      built here, with docker, podman or buildah
make image-cloud     built by Google Cloud Build, see cloudbuild.yaml; WAIT=no does not wait
make image-status    what became of builds that nobody waited for
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from epyflow import __version__
from epyflow.errors import EpyflowError
from epyflow.google.site import shared_storage
from epyflow.google.site_file import configured_site, write_site

ROOT = Path(__file__).resolve().parents[1]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NO_DIGEST = """the base {image} is named by a tag, which can be moved to another image.
Name it by its digest: `make image-base`, or PYTHON_IMAGE={image}@sha256:... (docs/container.md)"""


def run(command: list[str], *, read: bool = False) -> str:
    """Run a command that a person can see; return what it prints, if that is wanted."""
    print("+", *command, flush=True)
    try:
        done = subprocess.run(
            command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE if read else None
        )
    except FileNotFoundError:
        raise EpyflowError(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        raise EpyflowError(f"{command[0]} ended with exit code {done.returncode}")
    return done.stdout or ""


def digest_in(text: str, image: str) -> str:
    """Return the only digest in a text."""
    found = set(DIGEST.findall(text))
    if len(found) != 1:
        raise EpyflowError(f"the digest of {image} could not be told from {text.strip()!r}")
    return found.pop()


def push(containers: str, image: str) -> str:
    """Push epyflow:cloud; return the digest that the registry has."""
    run([containers, "tag", "epyflow:cloud", image])
    if Path(containers).name == "docker":
        run([containers, "push", image])
        repository = re.escape(image.rpartition(":")[0])
        known = run(
            [containers, "inspect", "--format", '{{join .RepoDigests "\\n"}}', image], read=True
        )
        # The image may have been pushed elsewhere, too.
        here = re.findall(rf"^{repository}@(\S+)$", known, re.MULTILINE)
        return digest_in("\n".join(here), image)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digest"
        run([containers, "push", "--digestfile", str(file), image])
        return digest_in(file.read_text(encoding="utf-8"), image)


def build_in_cloud(options: argparse.Namespace, site: dict[str, str], image: str) -> None:
    """Have Cloud Build build and push the image; wait for it unless told otherwise."""
    project = site["project"]
    sources = f"{shared_storage(site['storage'], site.get('environment'))}/build-sources"
    substitutions = {
        "_REPOSITORY": image.rpartition("/")[0],
        "_REVISION": options.revision,
        "_VERSION": __version__,
        "_PYTHON_IMAGE": options.python_image,
        "_TOKEN_SECRET": options.token_secret,
    }
    joined = ",".join(f"{key}={value}" for key, value in substitutions.items())
    account = f"projects/{project}/serviceAccounts/epyflow-build@{project}.iam.gserviceaccount.com"
    run(
        [
            *("gcloud", "builds", "submit", "--project", project, "--region", site["region"]),
            *("--config", "cloudbuild.yaml", "--service-account", account),
            *("--gcs-source-staging-dir", sources),
            *(["--async"] if options.no_wait else []),
            *("--substitutions", joined, "."),
        ]
    )


def digest_in_registry(site: dict[str, str], image: str) -> str:
    """Return the digest of an image that Cloud Build has pushed."""
    described = run(
        [
            *("gcloud", "artifacts", "docker", "images", "describe", image),
            *("--project", site["project"]),
            "--format=value(image_summary.digest)",
        ],
        read=True,
    )
    return digest_in(described, image)


def is_built(options: argparse.Namespace, site: dict[str, str]) -> bool:
    """List the latest builds; return whether that of the revision is done.

    Source: https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds, "Status".
    """
    command = [
        *("gcloud", "builds", "list", "--project", site["project"], "--region", site["region"]),
        *("--filter", "tags=component-epyflow", "--limit", "20"),
        "--format=json(id,createTime,status,logUrl,substitutions)",
    ]
    builds = json.loads(run(command, read=True) or "[]")
    revisions = [str(build.get("substitutions", {}).get("_REVISION")) for build in builds]
    for build, revision in zip(builds, revisions, strict=True):
        print(build["createTime"], build["status"], revision, build.get("logUrl", ""))
    if options.revision not in revisions:
        raise EpyflowError(f"no build of {options.revision}; name the commit with REVISION=")
    # The newest comes first.
    build = builds[revisions.index(options.revision)]
    if build["status"] in ("PENDING", "QUEUED", "WORKING"):
        print(f"The build of {options.revision} is not done yet.")
        return False
    if build["status"] != "SUCCESS":
        raise EpyflowError(f"the build ended as {build['status']}: {build.get('logUrl', '')}")
    return True


def options_given() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cloud", action="store_true", help="build with Google Cloud Build")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for Cloud Build")
    parser.add_argument("--status", action="store_true", help="look at builds of Cloud Build")
    parser.add_argument("--containers", default="docker", help="docker, podman or buildah")
    parser.add_argument("--repository", help="<region>-docker.pkg.dev/<project>/<repository>")
    parser.add_argument("--revision", required=True, help="the commit that is built")
    parser.add_argument("--python-image", required=True, help="the base, by its digest")
    parser.add_argument("--check", action="store_true", help="check the name of the base only")
    parser.add_argument("--token-secret", default="", help="secret for private packages")
    return parser.parse_args()


def record(image: str) -> None:
    """Make an image that of runs, or say how: what is configured by variables has no file."""
    try:
        print(f"{image} is the image of runs now ({write_site({'image': image})})")
    except EpyflowError:
        print(f"Pushed. To run with it:\n\n  export EPYFLOW_GCP_IMAGE={image}\n")


def main() -> None:
    """Push, and write the digest back."""
    options = options_given()
    if not options.status and not re.search(f"@{DIGEST.pattern}$", options.python_image):
        raise EpyflowError(NO_DIGEST.format(image=options.python_image))
    if options.check:
        return
    site = configured_site()
    missing = {"project", "region", "storage"} - set(site)
    in_cloud = options.cloud or options.status
    if missing and (in_cloud or options.repository is None):
        raise EpyflowError(
            f"profiles/gcp does not know {' and '.join(sorted(missing))}; run "
            "`terraform output -json | epyflow cloud configure -` first (docs/infrastructure.md)"
        )
    repository = (
        options.repository or f"{site['region']}-docker.pkg.dev/{site['project']}/epyflow"
    ).rstrip("/")
    image = f"{repository}/epyflow:{options.revision}"
    if options.cloud:
        build_in_cloud(options, site, image)
        if options.no_wait:
            print("Not waiting. To see the build, and to run with it: make image-status")
            return
    elif options.status and not is_built(options, site):
        return
    pushed = digest_in_registry(site, image) if in_cloud else push(options.containers, image)
    record(f"{repository}/epyflow@{pushed}")


if __name__ == "__main__":
    try:
        main()
    except EpyflowError as error:
        sys.exit(f"push_image: {error}")
