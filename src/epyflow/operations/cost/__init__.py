"""What runs cost on Google Cloud: estimated before, and reckoned from run times after.

Arithmetic on a dated price table; no client of Google's is needed, and nothing is asked of it.
"""
