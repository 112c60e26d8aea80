"""What can go wrong, in sentences a user can act on: what happened, to what, and what to do next.

One root, so that the command line turns every expected failure into one sentence and no stack trace.
"""

import subprocess


class DevclusterError(Exception):
    """Any failure of the embedded cluster that has a known cause."""


class BuildError(DevclusterError):
    """A binary could not be built; the sentence names the log with the compiler's output."""


class MissingBinariesError(DevclusterError):
    """Binaries are neither given nor built yet."""


class StartError(DevclusterError):
    """The cluster, or one component, did not become ready."""


class NotRunningError(DevclusterError):
    """No supervisor answers for this cluster."""


class ComponentError(DevclusterError):
    """A component that the request named does not exist, or is not in the needed state."""


class KubectlError(DevclusterError):
    """kubectl ended with a code other than 0."""

    def __init__(self, *, result: "subprocess.CompletedProcess[str]") -> None:
        words = " ".join(map(str, result.args[1:]))
        reason = (result.stderr or result.stdout or "").strip()
        super().__init__(f"kubectl {words} ended with code {result.returncode}: {reason}")
        self.result = result
