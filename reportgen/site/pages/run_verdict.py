"""The sentence a run page opens with: typography here, words and order by the rules of the analysis."""

from __future__ import annotations

import re

from reportgen.analysis.wording import is_unseen, same_to
from reportgen.model import Build, Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Span, Text
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, Style, number_label, said
from reportgen.site.pages.past import RunPast
from reportgen.site.pages.run_metrics import Rival, compared, rivals
from reportgen.site.pages.trends import training_digest

MOST_WORDS = 40
_EXIT_CODE = re.compile(r"script returned exit code \d+$")
"""What Jenkins says of every shell step that fails: it tells no more than that it failed."""


def verdict(site: Site, path: str, build: Build, run: Run, past: RunPast) -> Text:
    """Return at most two sentences: state, evidence with number, what it means. Later clauses go first over 40 words."""
    if run.status == "interrupted":
        return _interrupted(run)
    if run.error is not None or run.status == "failed" or build.result == "FAILURE":
        return _failed(build, run)
    if build.result == "ABORTED" or run.status == "aborted":
        by = f" by {site.person(build.aborted_by)}" if build.aborted_by else ""
        return (Span(f"Aborted{by} after {fmt.duration(build.duration_s)}", mark="b"), Span(f"; {_logged_by_then(run)}."))
    metric = next((m for m in run.metrics if m.name == past.metric), None)
    if metric is None or fmt.missing_reason(metric):
        return _without(site, build, run, past)
    return _judged(site, path, run, past)


def _logged_by_then(run: Run) -> str:
    return f"{fmt.plural(len(run.metrics), 'metric')} logged before" if run.metrics else "no metric was logged"


def _interrupted(run: Run) -> Text:
    return (
        Span("Interrupted.", mark="b"),
        Span(f" {_logged_by_then(run).capitalize()}."),
    )


def _failed(build: Build, run: Run) -> Text:
    failed = next((stage for stage in build.stages if stage.status.upper() in ("FAILED", "FAILURE")), None)
    where = f" in stage {failed.name}" if failed and failed.name else (f" in {run.stage}" if run.stage else "")
    lead = f"Failed{where} after {fmt.duration(build.duration_s)}"
    if run.error is not None:
        short = _first_words(run.error.message)
        what = f"{run.error.type}: {short}" if short else run.error.type
    else:
        what = _first_words(failed.error) if failed and failed.error and not _EXIT_CODE.match(failed.error) else ""
    if not what:
        return (Span(f"{lead}.", mark="b"), Span(f" {_logged_by_then(run).capitalize()}{_unranked(run)}."))
    return (
        Span(f"{lead}:", mark="b"),
        Span(f" {what.rstrip('.')}. {_logged_by_then(run).capitalize()}{_unranked(run)}."),
    )


def _first_words(message: str) -> str:
    words = next(iter(message.strip().splitlines()), "").split()
    return " ".join(words[:16]) + (" …" if len(words) > 16 else "")


def _unranked(run: Run) -> str:
    return "" if run.metrics else ", so nothing was ranked"


def _without(site: Site, build: Build, run: Run, past: RunPast) -> Text:
    if run.decisions and not run.metrics:
        return _decided(site, run)
    words = {"SUCCESS": "Finished", "UNSTABLE": "Finished unstable"}
    state = words.get(build.result) or build.result.replace("_", " ").capitalize()
    lead = Span(f"{state} after {fmt.duration(build.duration_s)}.", mark="b")
    if run.status == "implicit" and not run.metrics and not run.attachments:
        what = "The build left no record and no results."
        if any(not problem.partial for problem in build.problems):
            what = "What it logged could not be read."
        elif any(artifact.state == "gone" for artifact in build.artifacts):
            what = "What it logged was gone from Jenkins before it was read."
        return (lead, Span(f" {what}"))
    made = [model.name for model in run.models if model.role == "made"]
    parts = []
    if past.metric and run.metrics:
        reason = fmt.missing_reason(next((m for m in run.metrics if m.name == past.metric), None))
        title = site.style(past.metric).title
        parts.append(f"{title} was not logged" if reason == "not logged" else f"{title} is {reason}")
    if run.datasets:
        first = run.datasets[0]
        rows = f", {fmt.plural(first.rows, 'row')}" if first.rows else ""
        parts.append(f"data set {first.name}{rows}" if len(run.datasets) == 1 else fmt.plural(len(run.datasets), "data set"))
    if made:
        parts.append(f"made {fmt.listed(made[:2])}")
    if run.metrics and not past.metric:
        parts.append(f"{fmt.plural(len(run.metrics), 'metric')}, none with a known direction")
    if not parts:
        parts.append(f"{fmt.plural(len(run.params), 'parameter')}, no metric")
    sentence = "; ".join(parts)
    return (lead, Span(f" {sentence[:1].upper()}{sentence[1:]}."))


def _decided(site: Site, run: Run) -> Text:
    """Who decided what, and why: the one thing that the page of a decision is opened for."""
    decision = run.decisions[0]
    lead = Span(f"{decision.value.capitalize()} by {site.person(decision.by)}.", mark="b")
    reason = " ".join(decision.reason.split()) if decision.reason else ""
    words = reason.split()
    shown = " ".join(words[:32]) + " …" if len(words) > 32 else reason
    return (lead, Span(f" “{shown}”" if reason else " No reason was given."))


def _judged(site: Site, path: str, run: Run, past: RunPast) -> Text:
    mine = next(m for m in run.metrics if m.name == past.metric)
    others = rivals(past, run)
    style = site.style(mine.name, [mine, *(r.row.metrics.get(mine.name) for r in others if r.comparable)])
    unit = f" {style.unit}" if style.unit else ""
    first: list[Span] = [Span(f"{style.title} {fmt.number(mine.value, style.spec)}{unit}", mark="b")]
    place = past.place
    so_far = f"{place.comparable} comparable runs so far"
    if place.rank == 1 and place.comparable > 1:
        first.append(Span(f", shares rank 1 of {so_far}" if place.tied else f", the best of {so_far}"))
        first += [Span("; expect some luck")] if place.lucky else []
    elif place.rank is not None and place.comparable > 1:
        first.append(Span(f", rank {place.rank} of {so_far}"))
    elif place.comparable == 1 and past.validation != "changed":
        first.append(Span(", the first run on this validation set" if _has_validation(run) else ", the first of its kind"))
    first.append(Span("."))
    clauses = [clause for rival in others if rival.comparable and (clause := _against(site, path, run, past, rival))]
    tail = _data_words(past, run, style)
    return _fitted(first, clauses, tail)


def _has_validation(run: Run) -> bool:
    return any((dataset.role or "").startswith("val") for dataset in run.datasets)


def _against(site: Site, path: str, run: Run, past: RunPast, rival: Rival) -> list[Span]:
    """One clause per rival. A lead is a lead only where it can be told apart."""
    mine = next(m for m in run.metrics if m.name == past.metric)
    theirs = rival.row.metrics.get(past.metric)
    style = site.style(mine.name, [mine, theirs])
    difference = compared(style, mine, theirs, comparable=True)
    if difference is None:
        return []
    label = number_label(rival.row)
    who = {"champion then": "champion ", "baseline": "baseline "}.get(rival.role, "")
    link = Span(label, relative(path, site.links.row(rival.row)))
    if is_unseen(difference.value, style.spec):
        words = "same as" if difference.word == "same" else f"{same_to(style.spec)} as"
        return [Span(f"{words} {who}"), link, Span(" (identical model)" if _one_model(run, rival.row) else "")]
    text = fmt.difference(difference.value, style.spec)
    if difference.separable and difference.word in ("better", "worse"):
        size = fmt.number(abs(difference.value), style.spec)
        if rival.role == "champion then":
            verb = "beats" if difference.word == "better" else "behind"
            return [Span(f"{verb} champion ", mark="b"), Span(label, link.href, "b"), Span(f" by {size}", mark="b")]
        return [Span(f"{text} on {who}", mark="b"), Span(label, link.href, "b"), Span(f", clearly {difference.word}")]
    hedge = ", not separable" if difference.separable is False else ""
    return [Span(f"{text} on {who}"), link, Span(hedge)]


def _one_model(run: Run, row: RunRow) -> bool:
    """Whether two runs scored one model; nothing is known of runs that name none."""
    mine, theirs = ({model.sha256 for model in models} for models in (run.models, row.models))
    return len(mine) == 1 and mine == theirs


def _data_words(past: RunPast, run: Run, style: Style) -> str:
    if past.previous is None:
        return ""
    if past.validation == "changed":
        return f"Validation set changed: not comparable with {number_label(past.previous)}."
    if past.validation == "unknown":
        trained, before = training_digest(run), training_digest(past.previous)
        if trained and before:  # scored without a validation set, as folds are
            return "Training set unchanged." if trained == before else "Training set changed."
        return "" if style.unit else "Validation set unknown."  # a time or a size needs none
    return "Validation set unchanged."


def _fitted(first: list[Span], clauses: list[list[Span]], tail: str) -> Text:
    order = sorted(range(len(clauses)), key=lambda i: i)
    while True:
        spans = list(first)
        for position, index in enumerate(order):
            clause = clauses[index]
            if position == 0:
                head = clause[0]
                spans += [Span(" " + head.text[:1].upper() + head.text[1:], head.href, head.mark), *clause[1:]]
            else:
                spans += [Span("; "), *clause]
        if order:
            spans.append(Span("."))
        if tail:
            spans.append(Span(f" {tail}"))
        if len(said(tuple(spans)).split()) <= MOST_WORDS or not (order or tail):
            return tuple(spans)
        if len(order) > 1:
            order.pop()
        elif tail:
            tail = ""
        else:
            order.pop()
