"""Deciding: facts, the observed world, verdicts and the time give new facts and steps (semantics.md, F3).

Nothing here does I/O or reads a clock. A decision that needs a new fact asks for that fact alone; the steps that rest
on it come from the next decision, which is made on what was recorded. So nothing is ever acted on before it is
recorded (rule F2), whatever happens in between.
"""
