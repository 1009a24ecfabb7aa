"""A server with the interface of Amazon S3 and AWS Batch on this machine: moto, in a thread."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "rehearsal"
REGION = "us-east-2"


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start a server with a bucket; give the variables that point clients to it."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    cloud = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key-of-the-rehearsal",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-rehearsal",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.items():
            patch.setenv(name, value)
        location = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    yield cloud
    server.stop()
