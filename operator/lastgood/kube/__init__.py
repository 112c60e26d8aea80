"""The wall to the Kubernetes API server: raw JSON objects on one side, six errors on the other.

Everything that speaks to the API server goes through the `Cluster` protocol of `client.py`, so that a simulated API
server can stand in its place, and so that no typed model drops a field that it does not know.
"""
