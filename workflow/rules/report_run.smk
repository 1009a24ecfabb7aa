"""Draw what the run took.

INPUTS
    results/<exp_id>/<run_id>/outputs/run_metadata.json
    results/<exp_id>/<run_id>/run_cost.csv

OUTPUTS
    results/<exp_id>/<run_id>/figures/tasks.svg, .csv
"""


rule plot_tasks:
    """Draw time, memory and cost of each task, and mark those that failed."""
    input:
        metadata="results/{exp_id}/{run_id}/outputs/run_metadata.json",
        cost="results/{exp_id}/{run_id}/run_cost.csv",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/tasks.svg",
            category="6. Run",
            caption="../report/tasks.rst",
            labels={"figure": "Time, memory and cost of the tasks"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/tasks.csv",
            category="6. Run",
            caption="../report/tasks_numbers.rst",
            labels={"figure": "Tasks, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_tasks.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Drawing what the tasks of {wildcards.exp_id} took"
    script:
        "../scripts/plot_tasks.py"
