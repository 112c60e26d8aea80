"""Observing: the only room that reads, from the API server and from Prometheus. It never writes anything."""
