"""The running cluster: one supervisor owns all processes, and nothing survives it.

``keeper`` is the root of the process tree: it forks the ``supervisor``, adopts whatever loses its parent, and kills all
that is left when the supervisor ends, in whatever way it ends. The supervisor starts the components (``startup``),
answers requests on a socket (``control``), and ends when its owner does.
"""
