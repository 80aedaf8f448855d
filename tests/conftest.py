"""What all tests share: properties judge results, not the machine's load."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("reportgen", deadline=None)
settings.load_profile("reportgen")
