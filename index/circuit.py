"""Whether a server that did not answer is asked again: a policy without clock or chance of its own.

One failure is enough to stop asking: a question must not wait for what the one before it has waited for in vain.
Pauses double, and differ by chance, so that many processes don't come back at the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST = 1.0  # seconds
LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """How often asking has failed in a row, and until when (seconds of some clock) nobody asks."""

    failures: int = 0
    until: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether the last that was heard was a failure."""
        return self.failures > 0

    def may_ask(self, now: float) -> bool:
        """Whether it is worth a try."""
        return now >= self.until

    def asking(self, now: float, patience: float) -> Circuit:
        """Somebody tries, for at most ``patience`` seconds: after a failure one does so for all."""
        return replace(self, until=now + patience) if self.broken else self

    def failed(self, now: float, chance: float) -> Circuit:
        """It did not answer. ``chance`` is in [0, 1)."""
        pause = min(LONGEST, SHORTEST * 2.0 ** min(self.failures, 10))
        return Circuit(self.failures + 1, now + pause * (0.5 + chance / 2))
