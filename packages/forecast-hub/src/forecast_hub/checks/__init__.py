"""The checks of a submission, one module for each thing that is looked at.

They are those of the R package hubValidations
(https://hubverse-org.github.io/hubValidations/articles/validate-submission.html), written anew
from its documentation: every check is made and every mistake reported, where hubValidations stops
at the first check that later ones depend on.
"""
