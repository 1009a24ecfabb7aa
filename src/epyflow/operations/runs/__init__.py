"""Runs looked at from outside: which there are, how far they are, and what they made."""
