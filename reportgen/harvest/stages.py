"""Whether Jenkins tells the stages of pipeline builds: its plugin is asked for once, not for every build."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from reportgen.errors import NotFound
from reportgen.harvest.source import Source
from reportgen.model import Stage

ENOUGH_WITHOUT = 3
"""So many jobs without a word on stages, and not one with, show that the plugin is absent."""


@dataclass(slots=True)
class StageCensus:
    """What the jobs of a harvest told about stages: whether any job has them, and how many have none at all."""

    told: bool = False
    without: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Tell whether the plugin is taken to be absent from the whole controller."""
        return not self.told and self.without >= ENOUGH_WITHOUT


@dataclass(slots=True)
class StageProbe:
    """Whether stages of the builds of one job can be asked for: found out with the first build, while the others wait.

    A build without stages proves nothing, as Jenkins answers the same for one that it cannot load: its job is asked then. Once
    several jobs have none and no job has any, further ones are not asked.
    """

    census: StageCensus
    present: bool | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self, source: Source, job: str, number: int) -> tuple[Stage, ...]:
        """Return the stages of a build; none where Jenkins does not tell any."""
        if self.present is None:
            with self.lock:
                if self.present is None:
                    return () if self.census.is_hopeless else self._ask(source, job, number)
        return self._ask(source, job, number) if self.present else ()

    def _ask(self, source: Source, job: str, number: int) -> tuple[Stage, ...]:
        try:
            stages = source.fetch_stages(job, number)
        except NotFound:
            if self.present is None:
                self.present = source.tells_stages(job)
                self.census.without += not self.present
            return ()
        self.present = self.census.told = True
        return stages
