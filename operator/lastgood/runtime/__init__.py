"""Running: one scheduler, two lanes, one actor.

Evaluations ask Prometheus and may be slow; drives talk to the API server only. A kill goes straight to a drive, so it
never waits for a query (rule K6).
"""
