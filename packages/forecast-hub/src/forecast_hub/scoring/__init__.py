"""How good forecasts were: scores of each, and of models beside each other.

forecasts.py    files of a hub -> one frame of predictions; surveillance -> outcomes
quantiles.py    WIS and its parts, error of the median, coverage
classes.py      log score of probabilities of classes and weeks
relative.py     means, and models compared where both have forecasts
"""
