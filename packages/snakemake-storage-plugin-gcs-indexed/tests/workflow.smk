# COUNT tasks, each with an input, an output, a log and a benchmark; then one table of all.
KEYS = [f"{i:05d}" for i in range(int(config["count"]))]


rule all:
    input:
        "results/table.txt",


rule build:
    output:
        expand("results/in/input_{key}.txt", key=KEYS),
    localrule: True
    shell:
        "for file in {output}; do basename $file > $file; done"


rule task:
    input:
        "results/in/input_{key}.txt",
    output:
        "results/out/result_{key}.txt",
    log:
        "logs/task/{key}.log",
    benchmark:
        "benchmarks/task/{key}.tsv"
    params:
        word=config.get("word", "result of"),
    shell:
        "(echo {params.word} $(cat {input}) > {output}) 2> {log}; echo done >> {log}"


rule table:
    input:
        expand("results/out/result_{key}.txt", key=KEYS),
    output:
        "results/table.txt",
    log:
        "logs/table.log",
    shell:
        "cat {input} > {output} 2> {log}"
