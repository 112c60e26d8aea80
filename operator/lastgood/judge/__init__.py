"""Judging: a threshold, what its queries said, what was known before, and the time, give one of six verdicts.

Nothing here does I/O or reads a clock, so a year of data can be judged in a test (semantics.md, J).
"""
