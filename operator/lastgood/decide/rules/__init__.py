"""The rules of semantics.md, one module for each subject; `policy.py` gives their order."""
