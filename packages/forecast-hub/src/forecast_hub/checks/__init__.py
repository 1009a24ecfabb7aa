"""Check a submission; each module checks one aspect.

The checks and their names are those of the R package hubValidations
(https://hubverse-org.github.io/hubValidations/articles/validate-submission.html), implemented from
its documentation. All checks are made and all mistakes are reported, whereas hubValidations stops
at the first failed check on which later checks depend.
"""
