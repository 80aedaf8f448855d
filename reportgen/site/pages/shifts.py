"""The level shifts of a job's key metric as a table: between which builds and commits, how large, what else changed there."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.analysis.history import History, Shift
from reportgen.analysis.wording import number, signed
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Delta, Row, Span, Table
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, number_label

_MOST = 8
_MOST_NAMED = 5
_ARROWS = {"regression": "dn", "improvement": "up", "shift": ""}
_WORDS = {"regression": "worse", "improvement": "better", "shift": ""}


def shifts_table(site: Site, path: str, histories: Sequence[History]) -> Table | None:
    """Return the newest level shifts of all histories, the newest first; None where there is none."""
    found = sorted(((h, s) for h in histories for s in h.shifts), key=lambda each: each[1].bad.started_at, reverse=True)
    if not found:
        return None
    more = f"The newest {_MOST} of {len(found)}. " if len(found) > _MOST else ""
    caption = f"{more}Last build of the old level and first of the new one, and what differs between these two, data first."
    heads = ["Between", "Level", "Change", "Since then", "Commits", "What differs"]
    heads += ["Without a value"] if any(s.between for _, s in found[:_MOST]) else []
    columns = tuple(Column(head, num=head in ("Level", "Change")) for head in heads)
    return Table("c-shifts", (Span(caption),), columns, tuple(_row(site, path, h, s, len(heads)) for h, s in found[:_MOST]))


def _row(site: Site, path: str, history: History, shift: Shift, cells: int) -> Row:
    levels = f"{number(shift.before, history.format)} → {number(shift.after, history.format)}"
    named, rest = list(shift.changed[:_MOST_NAMED]), len(shift.changed) - _MOST_NAMED
    differs = fmt.listed([*named, f"{rest} more"] if rest > 0 else named)
    between: list[Span] = []
    for run in shift.between[:_MOST_NAMED]:
        between += [*([Span(", ")] if between else []), _link(site, path, run)]
    if len(shift.between) > _MOST_NAMED:
        between.append(Span(f" and {len(shift.between) - _MOST_NAMED} more"))
    unsure = [Span(" ± 3 builds", mark="mut")] if shift.unsure else []
    made = (
        Cell((_link(site, path, shift.good), Span(" and "), _link(site, path, shift.bad), *unsure)),
        Cell((Span(levels),), "num"),
        Cell((), "num", delta=Delta(signed(shift.delta, history.format), _ARROWS[shift.kind], _WORDS[shift.kind])),
        Cell((Span(_since(shift)),), "tx"),
        Cell((Span(_commits(shift)),), "mono"),
        Cell((Span(differs or "nothing that was logged"),), "tx"),
        Cell(tuple(between) or (Span(fmt.DASH),)),
    )  # fmt: skip
    return Row(made[:cells])


def _link(site: Site, path: str, run: RunRow) -> Span:
    return Span(number_label(run), relative(path, site.links.row(run)))


def _since(shift: Shift) -> str:
    builds = fmt.plural(shift.since, "build")
    if shift.recovered is not None:
        return f"{builds}; recovered at {number_label(shift.recovered)}"
    if shift.back:
        return f"{builds}; back to the level before"
    return f"{builds}; open" if shift.open else builds


def _commits(shift: Shift) -> str:
    good, bad = map(fmt.short_commit, shift.commits)
    if not good and not bad:
        return fmt.DASH
    return f"{good}, the same" if good == bad else f"{good or '?'} .. {bad or '?'}"


def history_words(histories: Sequence[History]) -> str:
    """Return what has to be said of the newest history beside its shifts: too short, drifting, a last value that stands out."""
    if not histories:
        return ""
    notes = histories[0].notes
    return f" Level shifts: {'; '.join(notes)}." if notes else ""
