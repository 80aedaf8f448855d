"""How much one harvest may ask of Jenkins: a time and a number of requests, either without limit."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.config import Config


class Budget:
    """Tells when enough was asked; may be used from several threads.

    `clock` counts seconds, `requests` tells how many requests were sent. What is under way when the budget is used up is
    finished, so that a few requests more may be sent: those of the builds that are just being read.
    """

    def __init__(self, config: Config, clock: Callable[[], float], requests: Callable[[], int]) -> None:
        jenkins = config.jenkins
        self._seconds = jenkins.time_budget if jenkins else 0
        self._most = jenkins.request_budget if jenkins else 0
        self._clock, self._requests = clock, requests
        self._started = clock()
        self.spent = ""
        """Which budget is used up, in words; empty as long as none is."""

    def is_spent(self) -> bool:
        """Tell whether nothing more is to be begun."""
        if not self.spent and self._seconds and self._clock() - self._started >= self._seconds:
            self.spent = f"time budget of {self._seconds:g} s"
        if not self.spent and self._most and self._requests() >= self._most:
            self.spent = f"budget of {self._most} requests"
        return bool(self.spent)
