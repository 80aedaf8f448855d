"""Parameters of many runs: names that runs share, and the values of each beside them.

Runs of a job mostly have the same parameters; a dict for each run takes three times what its values take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Params(Mapping[str, Any]):
    """The parameters of one run by name, in the order in which they were logged; equal to a dict of the same items."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: tuple[Any, ...]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[self._places[name]]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of that name, `default` where the run has none."""
        place = self._places.get(name)
        return default if place is None else self._values[place]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class ParamTable:
    """Makes the parameters of runs, one set of names for all that have the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Mapping[str, int]] = {}

    def keep(self, params: Mapping[str, Any]) -> Params:
        """Return `params` in little room."""
        names = tuple(params)
        places = self._known.get(names)
        if places is None:
            places = self._known[names] = {name: place for place, name in enumerate(names)}
        return Params(places, tuple(params.values()))
