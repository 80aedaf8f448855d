"""The page of a run: what happened here, and is it good?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from reportgen.model import Build, Run, RunKey
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Change, Empty, Fact, Figure, Link, Picture, Result, Span, Text
from reportgen.site.contexts.run import Changed, Failed, Note, RunContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages import previews, run_differences, run_files, run_metrics, run_parts, run_verdict
from reportgen.site.pages.base import (
    Shown,
    Site,
    base_name,
    cause_text,
    chrome,
    described,
    joined,
    number_label,
    result_of,
    run_label,
    said,
    when,
)
from reportgen.site.pages.figures import kind_of, picture
from reportgen.site.pages.past import RunPast
from reportgen.site.pages.series import series_figures

_CHANGES = 8
_NOTES = 5
_CONSOLE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """Everything a run page is made from.

    `run` is one of `build.runs`, None for a build without any. `drawings` maps the digest of a chart, figure or image to its
    picture; `tables` the digest of a table to its head and rows; `peeks` that of a file of numbers to what is shown of it;
    `notes` are safe markup, one per note of the run.
    """

    build: Build
    run: Run | None
    past: RunPast = field(default_factory=RunPast)
    drawings: Mapping[str, Shown] = field(default_factory=dict)
    tables: Mapping[str, run_files.Rows] = field(default_factory=dict)
    peeks: Mapping[str, previews.Peek] = field(default_factory=dict)
    notes: Sequence[str] = ()


def run_page(site: Site, given: RunInput) -> Page:
    """Return the page of a run; of a build that logged nothing, the page that says so."""
    build, run = given.build, given.run or _nothing(given.build)
    path = site.links.run(build.job, build.number, run.name if len(build.runs) > 1 else "", run.record, build.started_at)
    return Page(path, "run.html", _context(site, given, build, run, path), run_files.brought_along(site, build, run))


def _nothing(build: Build) -> Run:
    return Run(name=base_name(build.job), stage=base_name(build.job), status="implicit", params=build.parameters)


def _context(site: Site, given: RunInput, build: Build, run: Run, path: str) -> RunContext:
    past = given.past
    failed = run.error is not None or build.result == "FAILURE" or run.status in ("failed", "interrupted")
    several = len(build.runs) > 1
    number = f"#{build.number}/{run.name}" if several else f"#{build.number}"
    metrics = run_metrics.table(site, run, past, number)
    reference = past.last_good if failed else past.previous
    difference = run_differences.differences(build, run, reference)
    verdict = run_verdict.verdict(site, path, build, run, past)
    figures = (*series_figures(site, run, given.drawings, path), *_figures(path, run, given.drawings))
    tables, titles = run_files.tables(path, run, given.tables)
    params_changed = {change.name for change in difference if change.kind == "param"}
    stages = run_parts.stages(build)
    nothing = not (metrics or figures or tables)
    return RunContext(
        chrome=chrome(
            site,
            path,
            "run",
            f"{number} {_state_word(build, run)}{build.job}",
            here=number,
            crumbs=_crumbs(site, build, several=several),
            section="job",
            description=said(verdict),
            footer=(Span("Last read "), when(build.last_read), Span(" UTC")) if build.last_read else (),
        ),
        number=number,
        job=build.job,
        job_href=relative(path, site.links.job(build.job)),
        result=Result("torn", "interrupted") if run.status == "interrupted" else result_of(build.result),
        display_name=build.display_name if build.display_name not in ("", f"#{build.number}") else "",
        pager=_pager(site, path, build, past, failed=failed),
        notices=run_parts.notices(build, run, past),
        verdict=verdict,
        description=described(build.description),
        failed=_failed(run, past),
        ladder=run_metrics.ladder(site, run, past, path, number),
        changed=_changed(site, path, past, difference, run) if not failed else None,
        differences=run_differences.difference_table(reference, number, difference) if failed else None,
        differences_title=f"Different from the last good run, {number_label(reference)}" if failed and reference else "",
        notes=tuple(Note(Markup(html)) for html in given.notes[:_NOTES]),  # noqa: S704 - made safe by reportgen.content
        facts=_facts(site, path, build, run, past),
        metrics=metrics,
        empty=_empty(site, path, build, run, past) if nothing and not run.decisions else None,
        figures=figures,
        tables=tables,
        table_titles=titles,
        logged=run_parts.logged(run) if failed and run.status != "implicit" else None,
        lineage=run_parts.lineage(site, path, build, run, past),
        lineage_note=_lineage_note(path) if past.upstream or run.models or run.datasets else (),
        stages=stages,
        decisions=run_parts.decisions(site, path, build, run),
        tests=run_parts.failed_tests(build),
        tests_words=run_parts.tests_words(build),
        commits=run_parts.commits(build),
        reproduce=run_parts.reproduce(build, run),
        artifacts=run_files.artifacts(site, path, build, run),
        console="\n".join((build.console_tail or "").splitlines()[-_CONSOLE:]),
        console_words=f"last {fmt.plural(min(len((build.console_tail or '').splitlines()), _CONSOLE), 'line')}",
        console_href=site.on_jenkins(build.job, build.number, "console") if build.gone_since is None else "",
        params=run_differences.params_table(run, past.previous, number),
        params_words=_params_words(run, past, params_changed),
        environment=run_parts.environment_table(run),
        environment_words=run_parts.environment_words(run),
        previews=previews.previews(path, run, given.peeks),
        journal=_journal(site, path, run),
        siblings=_siblings(site, path, build, run) if several else (),
    )


def _state_word(build: Build, run: Run) -> str:
    if run.status == "interrupted":
        return "interrupted · "
    return {"FAILURE": "failed · ", "ABORTED": "aborted · ", "UNSTABLE": "unstable · "}.get(build.result, "")


def _crumbs(site: Site, build: Build, *, several: bool) -> list[tuple[str, str]]:
    crumbs = [("Jobs", "jobs/index.html"), (build.job, site.links.job(build.job))]
    if several:
        crumbs.append((f"#{build.number}", site.links.build(build.job, build.number, build.started_at)))
    return crumbs


def _pager(site: Site, path: str, build: Build, past: RunPast, *, failed: bool) -> tuple[Link, ...]:
    links = []
    if past.before:
        to = site.links.build(build.job, past.before.number, past.before.started_at)
        links.append(Link(f"← #{past.before.number}", relative(path, to), "prev"))
    if past.after:
        to = site.links.build(build.job, past.after.number, past.after.started_at)
        links.append(Link(f"#{past.after.number} →", relative(path, to), "next"))
    if failed and past.last_good:
        links.append(Link(f"Last good {number_label(past.last_good)}", relative(path, site.links.row(past.last_good))))
    jenkins = site.on_jenkins(build.job, build.number) if build.gone_since is None else ""
    if jenkins:
        links.append(Link("On Jenkins", jenkins))
    return tuple(links)


def _failed(run: Run, past: RunPast) -> Failed | None:
    error = run.error
    if error is None:
        return None
    lines = error.traceback.rstrip().splitlines()
    place = next((line.strip() for line in reversed(lines) if line.strip().startswith("File ")), "")
    said_place = place.removeprefix("File ").replace('"', "")
    kind = "First failure of this kind in this job." if past.first_of_kind else ""
    return Failed(
        error=f"{error.type}: {error.message}" if error.message else error.type,
        place=f"{said_place}. {kind}".strip(" .") + "." if said_place or kind else "",
        traceback=error.traceback.rstrip(),
        lines=fmt.plural(len(lines), "line"),
    )


def _changed(site: Site, path: str, past: RunPast, difference: Sequence[Change], run: Run) -> Changed | None:
    previous = past.previous
    if previous is None or not (difference or run.params):
        return None
    same = len(run.params) - sum(1 for change in difference if change.kind == "param" and change.name in run.params)
    more = len(difference) - _CHANGES
    words = [f"{fmt.plural(more, 'more difference')} below."] if more > 0 else []
    if not difference:
        words.append("Nothing that was logged.")
    if same > 0:
        words.append(f"{fmt.plural(same, 'parameter')} {'is' if same == 1 else 'are'} the same.")
    return Changed(
        "Changed since",
        relative(path, site.links.row(previous)),
        number_label(previous),
        tuple(difference[:_CHANGES]),
        " ".join(words),
    )


def _facts(site: Site, path: str, build: Build, run: Run, past: RunPast) -> tuple[Fact, ...]:
    facts = [
        Fact("Started", (when(build.started_at), Span(" UTC"))),
        Fact("Took", (Span(fmt.duration(build.duration_s) + (f" on {build.node}" if build.node else "")),)),
    ]
    causes = joined(cause_text(site, path, cause, past.causes) for cause in build.causes[:3])
    if causes:
        facts.append(Fact("Started by", causes))
    if build.result == "ABORTED" and build.aborted_by:
        facts.append(Fact("Aborted by", (Span(site.person(build.aborted_by)),)))
    facts.extend(_commit(build, run))
    for model in run.models[:2]:
        words = f"{'made' if model.role == 'made' else 'used'} {model.name}"
        link = Span(fmt.short_digest(model.sha256), relative(path, site.links.model(model.sha256)), "code")
        facts.append(Fact("Model", (link, Span(f" {words}"))))
    facts.extend(
        Fact("Decision", (Span(decision.value, mark="b"), Span(f" by {site.person(decision.by)}")))
        for decision in run.decisions[:1]
    )
    if run.tags:
        facts.append(Fact("Tags", _tags(run)))
    if build.keep:
        facts.append(Fact("On Jenkins", (Span("kept for ever"),)))
    return tuple(facts)


def _commit(build: Build, run: Run) -> list[Fact]:
    commit = run.commit or build.commit
    if not commit:
        return []
    branch = run.branch or build.branch
    state = {True: ", with local changes", False: ", clean", None: ""}[run.dirty]
    return [Fact("Commit", (Span(fmt.short_commit(commit), mark="code"), Span((f" on {branch}" if branch else "") + state)))]


def _tags(run: Run) -> Text:
    spans: list[Span] = []
    for name, value in list(run.tags.items())[:8]:
        if spans:
            spans.append(Span(" "))
        spans.append(Span(name if value is True else f"{name}: {fmt.plain(value)}", mark="tag"))
    return tuple(spans)


def _empty(site: Site, path: str, build: Build, run: Run, past: RunPast) -> Empty:
    good = past.last_good or past.previous
    where: Text = ()
    if good is not None and (run.status in ("implicit", "failed", "interrupted") or build.result in ("FAILURE", "ABORTED")):
        link = Span(run_label(good, build.job), relative(path, site.links.row(good)))
        where = (Span(" The last good run is "), link, Span("."))
    if run.status == "implicit":
        stopped = good is not None and build.result in ("FAILURE", "ABORTED")  # its job does archive what it logs
        if any(artifact.state == "gone" for artifact in build.artifacts):
            return Empty("No results.", (Span("Jenkins had deleted what the build archived when it was first read."), *where))
        if any(not problem.partial for problem in build.problems):
            return Empty("No results.", (Span("What the build archived is damaged: the lines above say which files."), *where))
        return Empty(
            "No results.",
            (Span("The build archived no record and no file that a reader recognises."), *where),
            "" if stopped else f'archiveArtifacts "reportgen-results/**"   // in the Jenkinsfile of {build.job}',
        )
    if run.status in ("failed", "interrupted") or build.result in ("FAILURE", "ABORTED"):
        return Empty("No metrics, charts or tables.", (Span("The run stopped before it wrote any."), *where))
    return Empty("No metrics, charts or tables.", (Span("The run logged none; what it did log stands below."), *where))


def _figures(path: str, run: Run, drawings: Mapping[str, Shown]) -> tuple[Figure, ...]:
    figures = []
    for index, attachment in enumerate(a for a in run.attachments if a.kind in ("chart", "figure")):
        drawing = drawings.get(attachment.sha256 or "")
        pictures: tuple[Picture, ...] = ()
        if drawing is not None and drawing.path:
            alt = drawing.alt or f"{attachment.label}, as logged by the run"
            pictures = (picture(path, drawing)._replace(alt=alt),)
        figures.append(
            Figure(
                id=f"figure-{index + 1}",
                heading=run_files.readable(attachment),
                caption=(Span(attachment.caption),) if attachment.caption else (),
                pictures=pictures,
                links=run_files.link_to(path, attachment, "Chart data" if attachment.kind == "chart" else "Original file"),
                problem="" if pictures else _why_not_shown(attachment.state, attachment.reason, drawing),
                kind=kind_of(pictures[0]) if pictures else "",
            )
        )
    return tuple(figures)


def _why_not_shown(state: str, reason: str | None, drawing: Shown | None) -> str:
    if drawing is not None and drawing.problem:
        return f"Not drawn: {drawing.problem}."
    words = {"linked": "left on Jenkins", "gone": "gone from Jenkins before it was read", "refused": "refused"}
    return f"Not shown: {reason or words.get(state, state if state != 'stored' else 'not read')}."


def _lineage_note(path: str) -> Text:
    return (
        Span("Later steps are on the "),
        Span("pipeline page", relative(path, "pipelines/index.html")),
        Span("; this page shows what was known when the build ran."),
    )


def _params_words(run: Run, past: RunPast, changed: set[str]) -> str:
    words = fmt.plural(len(run.params), "parameter")
    if past.previous is None:
        return words
    count = fmt.plural(len(changed), "difference") if changed else "no difference"
    return f"{words}, {count} from {number_label(past.previous)}"


def _journal(site: Site, path: str, run: Run) -> Link | None:
    digest = run_files.journal(site, run)
    if not digest:
        return None
    return Link("Raw record (events.jsonl)", relative(path, run_files.stored_path(digest, "txt")))


def _siblings(site: Site, path: str, build: Build, run: Run) -> tuple[Link, ...]:
    return tuple(
        Link(other.name, relative(path, site.links.run(build.job, build.number, other.name, other.record, build.started_at)))
        for other in build.runs[:50]
        if other is not run
    )


def key_of(build: Build, run: Run) -> RunKey:
    """Return how people write the run."""
    return RunKey(build.job, build.number, run.name if len(build.runs) > 1 else "")
