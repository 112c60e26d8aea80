"""Acting: the only room that touches workloads, each actuator in a file of its own.

Every write carries the resourceVersion of what the decision took the world to be (rule F3); a conflict means that the
world has moved on, and is for the caller to observe again. To add an actuator: one file here, one step in
`decide/steps.py`, one line in `acting.py`.
"""
