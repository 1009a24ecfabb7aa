"""Delete finished Batch jobs of this workflow: clean_up.py --project P --region R [--delete].

Without --delete it lists them only. Files in the bucket stay.
"""

import argparse

from google.cloud import batch_v1

FINISHED = {"SUCCEEDED", "FAILED", "CANCELLED"}


def main() -> None:
    """List or delete them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--label", default="workflow=batch-jobs", help="as in profile/config.yaml")
    parser.add_argument("--delete", action="store_true")
    chosen = parser.parse_args()
    key, _, value = chosen.label.partition("=")
    client = batch_v1.BatchServiceClient()
    for job in client.list_jobs(parent=f"projects/{chosen.project}/locations/{chosen.region}"):
        state = job.status.state.name
        if state not in FINISHED or job.labels.get(key) != value:
            continue
        print(f"{state:10} {job.name.rpartition('/')[2]}")
        if chosen.delete:
            client.delete_job(name=job.name).result()


if __name__ == "__main__":
    main()
