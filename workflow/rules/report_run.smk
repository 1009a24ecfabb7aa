"""Write and draw what the run took.

INPUTS
    results/<exp_id>/<run_id>/outputs/run_metadata.json
    benchmarks/<exp_id>/<run_id>/*    of the jobs, once all that are measured have ended

OUTPUTS
    results/<exp_id>/<run_id>/run_cost.csv              a row for each measured job
    results/<exp_id>/<run_id>/figures/tasks.svg, .csv
"""


rule write_run_cost:
    """Reckon what the jobs of the run have cost, when all but the drawing of it are over."""
    input:
        metadata="results/{exp_id}/{run_id}/outputs/run_metadata.json",
        left_out=left_out,
        figures=not_fetched(measured_figures()),
    output:
        # Beside the tables, not among them: run times differ between two runs that are equal.
        cost="results/{exp_id}/{run_id}/run_cost.csv",
    log:
        "logs/{exp_id}/{run_id}/write_run_cost.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        storage=storage_prefix(),
    message:
        "Reckoning the cost of {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/write_run_cost.py"


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
