"""Estimate the cost of a run on Google Cloud, and compute it from run times afterwards.

The figures come from a dated price table; no Google client is needed.
"""
