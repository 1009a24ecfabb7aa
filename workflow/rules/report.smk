"""Draw the figures of the report.

INPUTS
    results/<exp_id>/<run_id>/outputs/quantiles_<kind>.csv.gz

OUTPUTS
    results/<exp_id>/<run_id>/figures/fan_chart/<kind>/<population>.svg
"""


rule plot_fan_chart:
    """Draw the course of every selected series in one population."""
    input:
        quantiles="results/{exp_id}/{run_id}/outputs/quantiles_{kind}.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/fan_chart/{kind}/{population}.svg",
            category="Trajectories",
            caption="../report/fan_chart.rst",
            labels={"population": "{population}", "series": "{kind}"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_fan_chart/{kind}/{population}.log",
    params:
        label=population_label,
        labels=config["plan"]["labels"],
        code=code_version("figures"),
    message:
        "Drawing {wildcards.kind} of {params.label}"
    script:
        "../scripts/plot_fan_chart.py"
