"""Draw the figures of the report.

INPUTS
    results/<exp_id>/<run_id>/outputs/quantiles_<kind>.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_calibration.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_projection_comparison.csv.gz
    results/<exp_id>/<run_id>/outputs/calibration_progress.csv.gz

OUTPUTS
    results/<exp_id>/<run_id>/figures/fan_chart/<kind>/<population>.svg
    results/<exp_id>/<run_id>/figures/fit/<population>.svg             of calibrations
    results/<exp_id>/<run_id>/figures/calibration_progress.svg         of calibrations
    results/<exp_id>/<run_id>/figures/calibration_progress.csv         its numbers
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
    conda:
        "../../envs/epyflow.yaml"
    params:
        label=population_label,
        labels=config["plan"]["labels"],
        code=code_version("figures"),
    message:
        "Drawing {wildcards.kind} of {params.label}"
    script:
        "../scripts/plot_fan_chart.py"


rule plot_fit:
    """Draw the fit and the projection of one population against its observations."""
    input:
        calibration="results/{exp_id}/{run_id}/outputs/quantiles_calibration.csv.gz",
        projection="results/{exp_id}/{run_id}/outputs/quantiles_projection_comparison.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/fit/{population}.svg",
            category="Fit",
            caption="../report/fit.rst",
            labels={"population": "{population}", "figure": "Fit and projection"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_fit/{population}.log",
    conda:
        "../../envs/epyflow.yaml"
    params:
        label=population_label,
        labels=config["plan"]["labels"],
        code=code_version("figures"),
    message:
        "Drawing the fit of {params.label}"
    script:
        "../scripts/plot_fit.py"


rule plot_calibration_progress:
    """Draw tolerance and acceptance by generation, for all populations."""
    input:
        progress="results/{exp_id}/{run_id}/outputs/calibration_progress.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/calibration_progress.svg",
            category="Fit",
            caption="../report/calibration_progress.rst",
            labels={"population": "all", "figure": "Progress of the calibrations"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/calibration_progress.csv",
            category="Fit",
            caption="../report/calibration_progress_numbers.rst",
            labels={"population": "all", "figure": "Progress, in numbers"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_calibration_progress.log",
    conda:
        "../../envs/epyflow.yaml"
    params:
        places={
            place["name"]: place["label"] for place in config["plan"]["populations"]
        },
        code=code_version("figures"),
    message:
        "Drawing the progress of the calibrations of {wildcards.exp_id}"
    script:
        "../scripts/plot_calibration_progress.py"
