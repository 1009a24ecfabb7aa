"""One job for each common kind of failure, to see what is said about it and what to do.

snakemake --profile profile -s failures.smk --retries 0

permission and quota fail where CreateJob is refused: rehearsal-faults.json has the emulator refuse
them. missing_image fails where images are looked up: google-batch-emulator --unknown-images refuse.
"""

KINDS = ["exit_code", "out_of_memory", "time_limit", "disk_full", "missing_output"]
KINDS += ["permission", "quota"]


rule all:
    input:
        expand("results/failures/{kind}", kind=KINDS),


rule exit_code:
    output:
        "results/failures/exit_code",
    shell:
        "exit 3"


rule out_of_memory:
    """Ask for a pebibyte; a retry would get twice the memory of the first attempt."""
    output:
        "results/failures/out_of_memory",
    resources:
        mem_mb=1000,
    shell:
        "python -c 'bytearray(1 << 50)' > {output}"


rule time_limit:
    output:
        "results/failures/time_limit",
    resources:
        googlebatch_max_run_duration="3s",
    shell:
        "sleep 600 > {output}"


rule disk_full:
    """Write to a device that is always full."""
    output:
        "results/failures/disk_full",
    shell:
        "echo more > /dev/full"


rule missing_output:
    output:
        "results/failures/missing_output",
    shell:
        "echo written to another place > elsewhere.txt"


rule missing_image:
    output:
        "results/failures/missing_image",
    resources:
        googlebatch_container="us-central1-docker.pkg.dev/my-project/images/missing:1",
    shell:
        "echo > {output}"


rule permission:
    output:
        "results/failures/permission",
    shell:
        "echo > {output}"


rule quota:
    output:
        "results/failures/quota",
    shell:
        "echo > {output}"
