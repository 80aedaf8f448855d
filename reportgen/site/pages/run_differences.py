"""What a run differs in from an earlier one, and its params beside those of that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from reportgen.model import Build, Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Change, Column, Row, Span, Table
from reportgen.site.pages.base import number_label


def _validation(datasets: Sequence[Any]) -> Mapping[str, Any]:
    return {(dataset.role or dataset.name): dataset for dataset in datasets}


def differences(build: Build, run: Run, other: RunRow | None) -> list[Change]:
    """Return what differs from `other`: data sets and commit first, then params; what is equal is left out.

    Of a run that left no record only Jenkins' own facts are known: what it did not log is unknown, not a difference.
    """
    if other is None:
        return []
    changes: list[Change] = []
    mine, theirs = _validation(run.datasets), _validation(other.datasets)
    roles, names = mine.keys() | theirs.keys(), run.params.keys() | other.params.keys()
    for one in (run, other):
        if _is_silent(one):
            roles, names = roles & _validation(one.datasets).keys(), names & one.params.keys()
    for role in sorted(roles):
        a, b = mine.get(role), theirs.get(role)
        if (a and a.sha256) != (b and b.sha256):
            name = f"{role} set" if role in ("training", "validation", "test") else role
            changes.append(Change(name[:1].upper() + name[1:], _dataset(b), _dataset(a), "fact"))
    commit = run.commit or build.commit
    if commit and other.commit and commit != other.commit:
        changes.append(Change("Commit", fmt.short_commit(other.commit), fmt.short_commit(commit), "fact"))
    branch = run.branch or build.branch
    if branch and other.branch and branch != other.branch:
        changes.append(Change("Branch", other.branch, branch, "fact"))
    for name in sorted(names, key=lambda name: (name.startswith("jenkins."), name)):
        a, b = run.params.get(name, _ABSENT), other.params.get(name, _ABSENT)
        if a != b or type(a) is not type(b):
            old, new = _param(b), _param(a)
            if old != new:
                changes.append(Change(name, old, new))
    return changes


def _is_silent(run: Run | RunRow) -> bool:
    return run.status == "implicit" and not run.metrics and all(name.startswith("jenkins.") for name in run.params)


_ABSENT = object()
_MOST = 400
"""Params, and differences, that a page shows."""


def _param(value: object) -> str:
    return "not set" if value is _ABSENT else fmt.plain(value)


def _dataset(dataset: Any) -> str:
    return "none" if dataset is None else (dataset.name or fmt.short_digest(dataset.sha256))


def difference_table(other: RunRow | None, number: str, changes: Sequence[Change]) -> Table | None:
    """Return all that differs from the last good run, for failed runs; None where there is none to compare with."""
    if other is None:
        return None
    columns = (Column("What"), Column(number_label(other), sub="good"), Column(number, sub="this run"))
    rows = tuple(
        Row(
            (
                Cell((Span(change.name),), "mono" if change.kind == "param" else ""),
                Cell((Span(change.old),), "was any" + (" mono" if change.kind == "param" else "")),
                Cell((Span(change.new),), "now any" + (" mono" if change.kind == "param" else "")),
            )
        )
        for change in changes[:_MOST]
    )
    if not rows:
        rows = (Row((Cell((Span("Nothing that was logged differs."),), "why", span=3),)),)
    count = fmt.plural(len(changes), "difference")
    caption = f"{count[:1].upper()}{count[1:]}; what is the same is left out.{_cut(len(changes))}"
    return Table("c-dif", (Span(caption),), columns, rows)


def _cut(count: int) -> str:
    return f" The first {_MOST} are shown." if count > _MOST else ""


def params_table(run: Run, other: RunRow | None, number: str) -> Table | None:
    """Return all params, changed ones first, beside those of `other` where there is one."""
    if not run.params:
        return None
    if other is None:
        shown = islice(run.params.items(), _MOST)
        rows = tuple(Row((Cell((Span(name),)), Cell((Span(fmt.plain(value)),)))) for name, value in shown)
        caption = f"Parameters of {number}.{_cut(len(run.params))}"
        return Table("c-par", (Span(caption),), (Column("Parameter"), Column("Value")), rows, "codes")
    pairs = [(name, _param(other.params.get(name, _ABSENT)), fmt.plain(value)) for name, value in run.params.items()]
    pairs.sort(key=lambda pair: pair[1] == pair[2])
    rows = tuple(
        Row(
            (
                Cell((Span(name),)),
                Cell((Span(old),), "was"),
                Cell((Span(new),), "" if old == new else "now"),
            )
        )
        for name, old, new in pairs[:_MOST]
    )
    label = number_label(other)
    caption = f"Parameters of {number} and of {label}; changed ones first.{_cut(len(pairs))}"
    return Table("c-par", (Span(caption),), (Column("Parameter"), Column(label), Column(number)), rows, "codes")
