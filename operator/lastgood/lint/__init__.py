"""What can be said of a manifest before the API server, or Prometheus, has seen it (rule B1).

Lint reads files and asks nobody. What the API server would refuse is found by the schema and the CEL rules of our
own CRDs, so that the two cannot differ; what it would take and silently drop, as an unknown field, is found here alone.
Each check is a function of one manifest in a module of its own, listed in `checks.CHECKS`.
"""
