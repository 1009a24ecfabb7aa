"""Draw how well the calibrations fit.

INPUTS
    results/<exp_id>/<run_id>/outputs/calibration_progress.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_calibration.csv.gz

OUTPUTS
    results/<exp_id>/<run_id>/figures/calibration_progress.svg, .csv
    results/<exp_id>/<run_id>/figures/fit_coverage.svg, .csv
"""


rule plot_calibration_progress:
    """Draw tolerance and acceptance by generation, for all populations."""
    input:
        progress="results/{exp_id}/{run_id}/outputs/calibration_progress.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/calibration_progress.svg",
            category="3. Fit",
            caption="../report/calibration_progress.rst",
            labels={"figure": "Progress of the calibrations"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/calibration_progress.csv",
            category="3. Fit",
            caption="../report/calibration_progress_numbers.rst",
            labels={"figure": "Progress, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_calibration_progress.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_calibration_progress.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Drawing the progress of the calibrations of {wildcards.exp_id}"
    script:
        "../scripts/plot_calibration_progress.py"


rule plot_coverage:
    """Draw how many of the observations the intervals of the fit hold."""
    input:
        calibration="results/{exp_id}/{run_id}/outputs/quantiles_calibration.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/fit_coverage.svg",
            category="3. Fit",
            caption="../report/fit_coverage.rst",
            labels={"figure": "Coverage of the fit"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/fit_coverage.csv",
            category="3. Fit",
            caption="../report/fit_coverage_numbers.rst",
            labels={"figure": "Coverage, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_coverage.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_coverage.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Drawing the coverage of the fits"
    script:
        "../scripts/plot_coverage.py"
