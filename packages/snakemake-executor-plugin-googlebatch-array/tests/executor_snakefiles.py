"""Snakefiles that several tests run."""

ONE = """
rule one:
    output: "out/0.txt"
    shell: "echo hello > {output}"
"""

TWO = """
rule all:
    input: expand("out/{i}.txt", i=range(2))

rule one:
    output: "out/{i}.txt"
    shell: "echo hello {wildcards.i} > {output}"
"""

SLOW = """
rule all:
    input: expand("out/{i}.txt", i=range(2))

rule one:
    output: "out/{i}.txt"
    shell: "sleep 6; echo hello {wildcards.i} > {output}"
"""

HELLO = {"out/0.txt": "hello 0\n", "out/1.txt": "hello 1\n"}
