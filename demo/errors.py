"""The two ways in which the demo can end badly; each carries whole sentences for the person who runs it."""


class DemoError(Exception):
    """The root: its text says what happened, to which object, and what to do next."""


class SetUpError(DemoError):
    """The stage could not be built: an environment, the cluster, Prometheus, the operator."""


class StoryError(DemoError):
    """A step of the story did not come true within its limit."""
