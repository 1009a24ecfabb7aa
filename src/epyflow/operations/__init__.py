"""Operate runs: find, follow, cancel, clean, submit, price and diagnose them."""
