"""How long a crashed container or a failed pull has to wait, by the kubelet's rule.

The first failure costs nothing but starts the clock: 10 s, doubled by each further one up to 300 s. Whoever then holds
out for twice the longest wait starts afresh. Time is an argument, in seconds of any one clock.
"""

from dataclasses import dataclass

BASE_SECONDS = 10.0
LONGEST = 30
"""The longest wait, in units of the base: 300 s for the kubelet's 10 s."""


@dataclass(kw_only=True)
class Backoff:
    """The back-off of one container, or of one image in one container."""

    base: float = BASE_SECONDS
    delay: float = 0.0
    """Least time between the end of one run and the next start; 0 before the first failure."""
    _since: float = 0.0

    def _expired(self, *, failed: float) -> bool:
        return failed - self._since > 2 * LONGEST * self.base

    def remaining(self, *, failed: float, now: float) -> float:
        """Seconds to wait yet, for something that failed at ``failed``."""
        if self.delay == 0 or self._expired(failed=failed):
            return 0.0
        return max(0.0, failed + self.delay - now)

    def step(self, *, failed: float, now: float) -> None:
        """Count one failure, at the moment when the next attempt starts."""
        if self.delay == 0 or self._expired(failed=failed):
            self.delay = self.base
        else:
            self.delay = min(2 * self.delay, LONGEST * self.base)
        self._since = now
