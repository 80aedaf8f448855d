"""The page of a model: may we use this file?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reportgen.analysis.decisions import Ruling
from reportgen.model import Metric, Model, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, ChainStep, Column, Empty, Fact, Link, Plot, Result, Row, Span, Table, Text
from reportgen.site.contexts.model import ModelContext, ScoreRow, Validation
from reportgen.site.links import relative
from reportgen.site.page import Page, StoredFile
from reportgen.site.pages.base import (
    Live,
    Site,
    Style,
    base_name,
    chrome,
    finite,
    is_share,
    number_label,
    on_day,
    result_of,
    run_label,
    said,
    when,
)
from reportgen.site.pages.run_metrics import GROUPS
from reportgen.site.pages.scale import Scale

_USES = 60
_DANGER = ("danger", "warning", "caution", "note of danger")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """A model and the runs about it, each list oldest first.

    `makers` trained it, `scorers` have metrics of it on data it was validated on, `others` used it or decided about it.
    `ancestors` are the runs that its training data came from. `stored` is the path of its file where the bytes are kept;
    `serving` says that the newest deployment is of this model.
    """

    model: Model
    makers: Sequence[RunRow] = ()
    ancestors: Sequence[tuple[RunRow, str]] = ()
    scorers: Sequence[RunRow] = ()
    others: Sequence[RunRow] = ()
    rulings: Sequence[Ruling] = ()
    serving: bool = False
    metric: str = ""
    stored: str = ""
    gone: bool = False
    live: Live = field(default_factory=Live)


def model_page(site: Site, given: ModelInput) -> Page:
    """Return the passport of a model."""
    model = given.model
    path = site.links.model(model.sha256)
    digest = fmt.short_digest(model.sha256)
    verdict = _verdict(site, path, given)
    name = model.name or "model"
    never = Empty("Never scored.", (Span("No run that used this model logged a metric."),))
    context = ModelContext(
        chrome=chrome(
            site, path, "model", f"{name} {digest}", here=f"{name} {digest}", crumbs=[("Models", "models/index.html")],
            description=said(verdict), live=given.live,
        ),
        name=name,
        digest=digest,
        state=_state(given),
        pager=_pager(site, path, given),
        verdict=verdict,
        chain=_chain(site, path, given),
        facts=_facts(site, path, given),
        caution=_caution(given),
        validations=tuple(_validation(site, path, run, i, given.metric) for i, run in enumerate(_validated(given))),
        validations_empty=None if given.scorers else never,
        decisions=_decisions(site, path, given.rulings) if given.rulings else None,
        uses=_uses(site, path, given),
    )  # fmt: skip
    files = (StoredFile(given.stored, model.sha256),) if given.stored else ()
    return Page(path, "model.html", context, files)


def _validated(given: ModelInput) -> list[RunRow]:
    """Return the newest runs that scored the model: those with the key metric, where there are some."""
    scored = [run for run in given.scorers if finite(run.metrics.get(given.metric)) is not None]
    return list(reversed((scored or list(given.scorers))[-4:]))


def _last(given: ModelInput, *kinds: str) -> Ruling | None:
    return next((ruling for ruling in reversed(given.rulings) if ruling.kind in kinds), None)


def _state(given: ModelInput) -> Result | None:
    if given.serving:
        return Result("ok", "live")
    last = _last(given, "approved", "rejected", "revoked")
    if last is None:
        return Result("nil", "not decided")
    return Result("ok" if last.kind == "approved" else "ko", last.kind)


def _verdict(site: Site, path: str, given: ModelInput) -> Text:
    approved, deployed = _last(given, "approved"), _last(given, "deployed")
    last = _last(given, "approved", "rejected", "revoked")
    spans: list[Span]
    if given.serving and deployed is not None:
        lead = "Approved and live." if approved is not None else "Live, with no approval on record."
        spans = [Span(lead, mark="b"), Span(f" Deployed on {fmt.long_day(deployed.at)}")]
        if approved is not None:
            spans.append(Span(f", approved by {site.person(approved.by)}"))
        spans.append(Span("."))
    elif last is not None:
        by = f" by {site.person(last.by)}" if last.by else ""
        spans = [Span(f"{last.kind.capitalize()}{by} on {fmt.long_day(last.at)}.", mark="b")]
        if last.kind == "approved":
            spans.append(Span(" It was deployed before and is not live now." if deployed else " It is not deployed."))
    else:
        spans = [Span("Nobody decided about it yet.", mark="b")]
    best = _headline(site, given)
    spans.append(Span(f" {best}." if best else " It was never scored."))
    if _is_pickle(given.model):
        spans.append(Span(" Load it only from this digest: a pickle runs code."))
    return tuple(spans)


def _headline(site: Site, given: ModelInput) -> str:
    for run in reversed(given.scorers):
        metric = run.metrics.get(given.metric) or next(iter(run.metrics.values()), None)
        if metric is not None and finite(metric) is not None:
            style = site.style(metric.name, [metric])
            held_out = (d.rows for d in run.datasets if (d.role or "").startswith(("val", "test")) and d.rows)
            size = next(held_out, metric.n)
            rows = f" on {fmt.plural(size, 'row')} it had not seen" if size else ""
            return f"{_worded(style, metric)}{rows}"
    return ""


def _worded(style: Style, metric: Metric) -> str:
    unit = f" {style.unit}" if style.unit else ""
    return f"{style.title} {fmt.number(metric.value, style.spec)}{unit}"


def _is_pickle(model: Model) -> bool:
    kind = str(model.facts.get("type", "")).lower()
    return "pickle" in kind or "joblib" in kind or (not kind and model.name.lower().endswith((".pkl", ".pickle", ".joblib")))


def _caution(given: ModelInput) -> tuple[str, str]:
    said_by_reader = next((str(given.model.facts[key]) for key in _DANGER if given.model.facts.get(key)), "")
    if _is_pickle(given.model):
        return "This file is a pickle.", (
            "Loading it can run any code: load it only if you trust where it comes from. It was read here without being loaded."
        )
    return ("Take care.", fmt.sentence(said_by_reader)) if said_by_reader else ("", "")


def _pager(site: Site, path: str, given: ModelInput) -> tuple[Link, ...]:
    links = []
    if given.stored:
        links.append(Link(f"Download, {fmt.size(given.model.size_bytes)}", relative(path, given.stored)))
    maker = next(iter(given.makers), None)
    if maker is not None and maker.gone_since is None:
        jenkins = site.on_jenkins(maker.job, maker.number)
        if jenkins:
            links.append(Link("On Jenkins", jenkins))
    return tuple(links)


def _step(site: Site, path: str, run: RunRow, text: Text, detail: str = "", *, here: bool = False) -> ChainStep:
    label = (Span(run_label(run, ""), relative(path, site.links.row(run))),)
    return ChainStep(
        label, fmt.minute(run.started_at), fmt.machine_time(run.started_at), text, detail, here, result_of(run.result)
    )


def _chain(site: Site, path: str, given: ModelInput) -> tuple[ChainStep, ...]:
    steps = [_step(site, path, run, (Span(f"made {what}" if what else "triggered the next"),)) for run, what in given.ancestors]
    for run in given.makers:
        made = next((m for m in run.models if m.sha256 == given.model.sha256), given.model)
        words = [Span("made this file")]
        algorithm = next(
            (run.params[key] for key in ("algorithm", "model", "estimator") if isinstance(run.params.get(key), str)), ""
        )
        if algorithm:
            words.append(Span(f", {algorithm}"))
        for dataset in run.datasets[:2]:
            if dataset.sha256:
                words += [Span(" from "), Span(dataset.name, relative(path, site.links.dataset(dataset.sha256)))]
        steps.append(_step(site, path, run, tuple(words), fmt.short_digest(made.sha256), here=True))
    rest: list[tuple[datetime, ChainStep]] = [
        (run.started_at, _scored_step(site, path, run, given.metric)) for run in given.scorers[-6:]
    ]
    rest += [(ruling.at, _ruling_step(site, path, ruling)) for ruling in given.rulings]
    return (*steps, *(step for _, step in sorted(rest, key=lambda pair: pair[0])))


def _scored_step(site: Site, path: str, run: RunRow, key: str) -> ChainStep:
    metric = run.metrics.get(key) or next(iter(run.metrics.values()), None)
    words: list[Span] = [Span("used it")]
    if metric is not None:
        style = site.style(metric.name, [metric])
        interval = fmt.interval(metric.low, metric.high, style.spec)
        words = [
            Span(_worded(style, metric), mark="b"),
            Span(f" ({interval})" if interval else ""),
        ]
    for dataset in run.datasets[:1]:
        if dataset.sha256:
            words += [Span(" on "), Span(dataset.name, relative(path, site.links.dataset(dataset.sha256)))]
    return _step(site, path, run, tuple(words))


def _ruling_step(site: Site, path: str, ruling: Ruling) -> ChainStep:
    by = f" by {site.person(ruling.by)}" if ruling.by else ""
    detail = f"“{ruling.reason}”" if ruling.reason else ""
    step = _step(site, path, ruling.source, (Span(f"{ruling.kind}{by}", mark="b"),), detail)
    return step._replace(date=fmt.minute(ruling.at), datetime=fmt.machine_time(ruling.at))


def _facts(site: Site, path: str, given: ModelInput) -> tuple[Fact, ...]:
    model = given.model
    size = f", {fmt.size(model.size_bytes)} ({fmt.count(model.size_bytes)} bytes)" if model.size_bytes else ""
    facts = [Fact("File", (Span(f"{model.name}{size}"),)), Fact("SHA-256", (Span(model.sha256, mark="code"),))]
    told = [fmt.plain(model.facts[key]) for key in ("type", "class", "version") if model.facts.get(key) not in (None, "")]
    if model.framework and not any(model.framework in words for words in told):
        told.append(model.framework)
    if told:
        facts.append(Fact("Type", (Span(", ".join(told)),)))
    more = {k: v for k, v in model.facts.items() if k not in ("type", "class", "version", *_DANGER) and v not in (None, "")}
    facts += [
        Fact(name[:1].upper() + name[1:].replace("_", " "), (Span(fmt.plain(value)),)) for name, value in list(more.items())[:4]
    ]
    kept = (
        "stored"
        if given.stored
        else ("gone from Jenkins; only its digest is kept" if given.gone else "on Jenkins; its digest is kept here")
    )
    facts.append(Fact("Kept", (Span(kept),)))
    return tuple(facts)


def _validation(site: Site, path: str, run: RunRow, index: int, key: str) -> Validation:
    metrics = sorted((m for m in run.metrics.values() if finite(m) is not None), key=lambda m: m.name != key)[:12]
    styled = [(metric, site.style(metric.name, [metric])) for metric in metrics]
    drawn = [m for m, s in styled if m.low is not None and s.direction == styled[0][1].direction and is_share(s, m)]
    scale = Scale.over(v for m in drawn for v in (finite(m), m.low, m.high))
    rows: list[ScoreRow] = []
    for direction, title, words in GROUPS:
        of_kind = [_score(m, s, scale if m in drawn else None) for m, s in styled if s.direction == direction]
        rows += [of_kind[0]._replace(part=(title, words)), *of_kind[1:]] if of_kind else []
    spans = [Span("Scored in "), Span(run_label(run, ""), relative(path, site.links.row(run)))]
    dataset = next((d for d in run.datasets if (d.role or "").startswith(("val", "test")) and d.sha256), None)
    if dataset is not None:
        spans += [Span(" on "), Span(dataset.name, relative(path, site.links.dataset(dataset.sha256 or "")))]
    sizes = {metric.n for metric in metrics if metric.n}
    spans.append(Span(f", n = {fmt.count(sizes.pop())}." if len(sizes) == 1 else "."))
    return Validation(f"c-val-{index + 1}", tuple(spans), scale.ticks() if scale else (), tuple(rows))


def _score(metric: Metric, style: Style, scale: Scale | None) -> ScoreRow:
    plot = scale.plot(finite(metric), metric.low, metric.high, me=True) if scale else Plot()
    return ScoreRow(
        style.title + (f", {style.unit}" if style.unit else ""),
        metric.name if metric.name != style.title else "",
        fmt.number(metric.value, style.spec),
        plot,
        fmt.interval(metric.low, metric.high, style.spec) or "no interval",
    )


def _decisions(site: Site, path: str, rulings: Sequence[Ruling]) -> Table:
    rows = tuple(
        Row(
            (
                Cell((Span(ruling.kind, mark="b"),)),
                Cell((Span(site.person(ruling.by) if ruling.by else fmt.DASH),)),
                Cell((Span(ruling.reason or "no reason given"),), "tx" if ruling.reason else "why"),
                Cell((Span(run_label(ruling.source, ""), relative(path, site.links.row(ruling.source))),)),
                Cell((when(ruling.at),), "mut nw"),
            )
        )
        for ruling in reversed(rulings)
    )
    columns = (Column("Decision"), Column("By"), Column("Reason"), Column("In"), Column("When"))
    return Table("c-dec", (Span("Newest first; times are UTC."),), columns, rows)


def _uses(site: Site, path: str, given: ModelInput) -> Table | None:
    seen: dict[str, tuple[RunRow, str]] = {}
    for runs, words in ((given.makers, "made it"), (given.scorers, "scored it"), (given.others, "used it")):
        for run in runs:
            seen.setdefault(f"{run.key} {run.started_at} {run.record}", (run, words))
    return uses_table(site, path, seen.values(), "c-use")


def uses_table(site: Site, path: str, uses: Iterable[tuple[RunRow, str]], name: str) -> Table | None:
    """Return runs with what they did, newest first; None for none."""
    ordered = sorted(uses, key=lambda use: use[0].started_at, reverse=True)
    if not ordered:
        return None
    rows = tuple(
        Row(
            (
                Cell((Span(f"{base_name(run.job)} {number_label(run)}", relative(path, site.links.row(run))),), "nw"),
                Cell((), result=result_of(run.result)),
                Cell((Span(words),)),
                Cell((on_day(run.started_at),), "mut nw"),
            )
        )
        for run, words in ordered[:_USES]
    )
    more = f", the newest {_USES} shown" if len(ordered) > _USES else ""
    columns = (Column("Run", sort="text"), Column("Result"), Column("What"), Column("Date", sort="text"))
    return Table(name, (Span(f"{fmt.plural(len(ordered), 'run')}{more}. Dates are UTC."),), columns, rows, "p8")
