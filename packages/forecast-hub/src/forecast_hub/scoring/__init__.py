"""Score forecasts, and compare models.

forecasts.py         read submissions
outcomes.py          read target data
matching.py          match forecasts with outcomes
quantiles.py         WIS and its parts, error of the median, coverage
probabilities.py     log score of probabilities of classes and weeks
samples.py           CRPS and energy score of samples
relative_skill.py    mean scores, and pairwise comparison of models
usable_files.py      the submissions that can be scored, read each by itself
score_tables.py      all tables of scores
model_files.py       find the submissions of a hub's models
comparison.py        select the submissions to score
"""
