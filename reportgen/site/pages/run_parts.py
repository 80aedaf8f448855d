"""Parts of a run page that are not numbers: notices, differences, stages, lineage, tests, params, environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportgen.analysis.pitfalls import run_pitfalls
from reportgen.model import Build, Problem, Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, ChainStep, Column, Notice, Row, Span, Table, Text
from reportgen.site.contexts.run import StageRow, Stages
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, base_name, on_day, result_of, run_label, when
from reportgen.site.pages.past import RunPast, Upstream
from reportgen.site.pages.scale import percent

_STAGE_WORDS = {"NOT_EXECUTED": "stage skipped", "FAILED": "FAILURE", "PAUSED_PENDING_INPUT": "waiting for input"}
_CASES = 20
_PROBLEMS = 5
_COMMITS = 12


def notices(build: Build, run: Run, past: RunPast | None = None) -> tuple[Notice, ...]:
    """Return what is not as usual with this build and its record, the gravest first."""
    found = _misleading(build, run, past) if past is not None else []
    if run.status == "interrupted":
        words = "The record has no end: its process was killed. What had been written by then is shown."
        found.append(Notice("warn", "Interrupted.", (Span(words),)))
    told = "could not be read, so this page lacks what it says"
    found.extend(_losses([each for each in build.problems if not each.partial], "Set aside.", told))
    found.extend(_losses([each for each in build.problems if each.partial], "Read in part.", ""))
    if run.unread_lines:
        lines = fmt.plural(run.unread_lines, "line of the record", "lines of the record")
        found.append(Notice("warn", "Record damaged.", (Span(f"{lines} could not be read; the rest is shown."),)))
    if run.unknown_events:
        words = f"{fmt.plural(run.unknown_events, 'event')} of kinds that this version does not know; kept in the raw record."
        found.append(Notice("run", "Newer record.", (Span(words),)))
    expired = [artifact.path for artifact in build.artifacts if artifact.state == "gone"]
    if expired:
        words = fmt.plural(len(expired), "file was", "files were") + " gone from Jenkins before the first harvest."
        found.append(Notice("gone", "Expired.", (Span(words),)))
    if build.gone_since is not None:
        rest = Span("; this page is from what was kept.")
        seen = Span(fmt.day(build.gone_since), datetime=fmt.machine_time(build.gone_since))
        found.append(Notice("gone", "Gone from Jenkins.", (Span("The build was last seen on "), seen, rest)))
    return tuple(found)


def _losses(problems: Sequence[Problem], lead: str, told: str) -> Iterator[Notice]:
    """Yield what is said of input that was not read, or not all of it: of the first ones each, of the others how many."""
    words = f" {told}" if told else ""
    for problem in problems[:_PROBLEMS]:
        place = (Span(problem.path, mark="code"), Span(f"{words}: ")) if problem.path else ()
        yield Notice("warn", lead, (*place, Span(problem.reason.rstrip(".") + ".")))
    if len(problems) > _PROBLEMS:
        yield Notice("warn", lead, (Span(f"{fmt.plural(len(problems) - _PROBLEMS, 'more file')}{words.partition(',')[0]}."),))


def _misleading(build: Build, run: Run, past: RunPast) -> list[Notice]:
    """Return why the numbers of a run say less than they seem to: it was scored on what its model was trained on."""
    row = RunRow(
        job=build.job, number=build.number, name=run.name, record=run.record, stage=run.stage, result=build.result,
        status=run.status, started_at=build.started_at, duration_s=build.duration_s, datasets=run.datasets, models=run.models,
        metrics={metric.name: metric for metric in run.metrics},
    )  # fmt: skip
    leads = {"leakage": ("bad", "Leakage."), "equal to training": ("warn", "Too good?")}
    return [
        Notice(*leads[pitfall.kind], (Span(pitfall.text),))
        for pitfall in run_pitfalls(row, makers=[above.row for above in past.upstream])
        if pitfall.kind in leads
    ]


def stages(build: Build) -> Stages | None:
    """Return the stages of the build on one time axis; None for a build without stages."""
    if not build.stages:
        return None
    total = max(build.duration_s, *(stage.duration_s or 0 for stage in build.stages), 0.001)
    rows = []
    longest = max((stage.duration_s or 0 for stage in build.stages), default=0)
    elapsed = 0.0
    for stage in build.stages:
        start = (stage.started_at - build.started_at).total_seconds() if stage.started_at else elapsed
        length = stage.duration_s or 0.0
        elapsed = start + length
        start = min(max(start, 0.0), total)
        width = min(length, total - start)
        result = result_of(stage.status)._replace(word=_STAGE_WORDS.get(stage.status.upper(), stage.status))
        if result.kind == "ok" and length == longest:
            result = result._replace(kind="ok top")
        rows.append(
            StageRow(
                stage.name,
                result,
                fmt.duration(stage.duration_s) if length and result.kind != "nil" else fmt.DASH,
                percent(100 * start / total),
                percent(max(100 * width / total, 0.6)) if length and result.kind != "nil" else "",
                (stage.error or "").split("\n", 1)[0],
            )
        )
    where = f" on {build.node}" if build.node else ""
    return Stages(f"Stages of the build{where}, in order, on one time axis.", f"0 to {fmt.duration(total)}", tuple(rows))


def logged(run: Run) -> Table:
    """Return what the record holds, for runs that stopped early."""
    by_kind = [
        ("Parameters", len(run.params), ", ".join(list(run.params)[:6])),
        ("Data sets", len(run.datasets), ", ".join(dataset.name for dataset in run.datasets[:3])),
        ("Models", len(run.models), ", ".join(model.name for model in run.models[:3])),
        ("Metrics", len(run.metrics), ", ".join(metric.name for metric in run.metrics[:6])),
        ("Charts, tables, files", len(run.attachments), ", ".join(a.label or a.name for a in run.attachments[:4])),
    ]
    rows = tuple(
        Row(
            (
                Cell((Span(kind),)),
                Cell((Span(fmt.count(count)),), "num"),
                Cell((Span(words or "not logged"),), "tx" if count else "why"),
            ),
            "" if count else "miss",
        )
        for kind, count, words in by_kind
    )
    ends = {"failed": "ends with status failed", "aborted": "ends with status aborted", "interrupted": "has no end"}
    caption = f"What the record holds. It {ends.get(run.status, 'is complete')}."
    return Table("c-log", (Span(caption),), (Column("Kind"), Column("Logged", num=True), Column("Detail")), rows)


def lineage(site: Site, path: str, build: Build, run: Run, past: RunPast) -> tuple[ChainStep, ...]:
    """Return the chain from data to this run, and what it made."""
    if not (past.upstream or run.models or run.datasets):
        return ()
    steps = []
    for step in _distinct(past.upstream):
        row = step.row
        made = (Span(f"made {step.made}"),) if step.made else (Span("triggered the next"),)
        steps.append(
            ChainStep(
                (Span(run_label(row, build.job), relative(path, site.links.row(row))),),
                fmt.day(row.started_at),
                fmt.machine_time(row.started_at),
                made,
                fmt.short_digest(step.digest),
                result=result_of(row.result),
            )
        )
    used = [dataset for dataset in run.datasets if dataset.sha256]
    words: list[Span] = []
    for dataset in used[:3]:
        words.append(Span(", " if words else "on "))
        words.append(Span(dataset.name, relative(path, site.links.dataset(dataset.sha256 or ""))))
        if dataset.rows is not None and dataset.columns is not None:
            words.append(Span(f", {fmt.count(dataset.rows)} × {fmt.count(dataset.columns)}"))
    for model in run.models[:3]:
        lead = "made " if model.role == "made" else "used "
        words += [Span(("; " if words else "") + lead), Span(model.name, relative(path, site.links.model(model.sha256)))]
    digest = used[0].sha256 if used else (run.models[0].sha256 if run.models else "")
    name = f"#{build.number}" if len(build.runs) < 2 else f"#{build.number}/{run.name}"
    steps.append(
        ChainStep(
            label=(Span(f"{base_name(build.job)} {name}", mark="b"),),
            date=fmt.day(build.started_at),
            datetime=fmt.machine_time(build.started_at),
            text=tuple(words),
            detail=fmt.short_digest(digest),
            here=True,
        )
    )
    return tuple(steps)


def _distinct(upstream: Sequence[Upstream]) -> list[Upstream]:
    """Return the steps by time: of builds that made the same thing the last, and triggers of jobs that made nothing."""
    ordered = sorted(upstream, key=lambda step: step.row.started_at)
    made = {step.digest: step for step in ordered if step.digest}
    kept = [step for step in ordered if made.get(step.digest) is step]
    jobs = {step.row.job for step in kept}
    kept += [step for step in ordered if not step.digest and step.row.job not in jobs]
    return sorted(kept, key=lambda step: step.row.started_at)


def decisions(site: Site, path: str, build: Build, run: Run) -> Table | None:
    """Return who decided what, and why; None where nobody decided anything."""
    rows = []
    for decision in run.decisions:
        at = (when(decision.at) if decision.at else Span(fmt.DASH),)
        model: Text = ()
        if decision.model:
            model = (Span(fmt.short_digest(decision.model), relative(path, site.links.model(decision.model)), "code"),)
        rows.append(
            Row(
                (
                    Cell((Span(decision.value, mark="b"),)),
                    Cell((Span(site.person(decision.by)),)),
                    Cell((Span(decision.reason or "no reason given"),), "tx" if decision.reason else "why"),
                    Cell(model),
                    Cell(at),
                )
            )
        )
    if not rows and build.approvers:
        approvers = fmt.listed([site.person(user) for user in build.approvers])
        cells = (
            Cell((Span("input given", mark="b"),)),
            Cell((Span(approvers),)),
            Cell((Span("on Jenkins"),)),
            Cell(()),
            Cell(()),
        )
        rows.append(Row(cells))
    if not rows:
        return None
    columns = (Column("Decision"), Column("By"), Column("Reason"), Column("Model"), Column("When"))
    return Table("c-dec", (Span("Times are UTC."),), columns, tuple(rows))


def tests_words(build: Build) -> str:
    """Return the counts of tests in words; empty without tests."""
    tests = build.tests
    if tests is None:
        return ""
    if not tests.failed:
        skipped = f", {tests.skipped} skipped" if tests.skipped else ""
        return f"{fmt.plural(tests.total, 'test')}, {'all passed' if not tests.skipped else 'none failed'}{skipped}."
    skipped = f", {tests.skipped} skipped" if tests.skipped else ""
    return f"{tests.failed} of {fmt.plural(tests.total, 'test')} failed{skipped}."


def failed_tests(build: Build) -> Table | None:
    """Return the failed tests with their messages; None where none failed."""
    if build.tests is None or not build.tests.failures:
        return None
    rows = tuple(
        Row((Cell((Span(case.name),), "any"), Cell((Span(case.message.strip().split("\n", 1)[0]),), "tx")))
        for case in build.tests.failures[:_CASES]
    )
    return Table("c-tst", (Span("Failed tests."),), (Column("Test"), Column("Message")), rows)


def commits(build: Build) -> Table | None:
    """Return the commits that are new in this build; people are not named."""
    if not build.changes:
        return None
    rows = tuple(
        Row(
            (
                Cell((Span(fmt.short_commit(change.commit)),), "mono"),
                Cell((Span(change.message.strip().split("\n", 1)[0]),), "tx"),
                Cell((on_day(change.at) if change.at else Span(fmt.DASH),), "mut"),
            )
        )
        for change in build.changes[:_COMMITS]
    )
    more = f", the newest {_COMMITS} shown" if len(build.changes) > _COMMITS else ""
    words = f"{fmt.plural(len(build.changes), 'commit')} since the build before{more}."
    return Table("c-com", (Span(words),), (Column("Commit"), Column("Message"), Column("Date")), rows)


def reproduce(build: Build, run: Run) -> str:
    """Return what is known for making the run again, as lines for a shell; empty where nothing is."""
    lines = []
    commit = run.commit or build.commit
    if commit:
        lines.append(f"git checkout {commit}" + ("   # plus local changes that were not committed" if run.dirty else ""))
    python = _python(run)
    packages = _packages(run)
    if python or packages:
        first = [f"{name} {packages[name]}" for name in _NOTABLE if name in packages][:3]
        rest = len(packages) - len(first)
        words = [f"python {python}"] if python else []
        lines.append("# " + ", ".join([*words, *first, *([f"{rest} more below"] if rest > 0 else [])]))
    sums = [(d.sha256, d.name) for d in run.datasets if d.sha256]
    sums += [(m.sha256, m.name) for m in run.models if m.role == "input"]
    if sums:
        lines += ["sha256sum -c <<'END'", *(f"{digest}  {name}" for digest, name in sums[:6]), "END"]
    params = [f"{name}={fmt.plain(value)}" for name, value in run.params.items() if not name.startswith("jenkins.")]
    if params:
        lines.append("# " + " ".join(params[:12]) + (f" … {len(params) - 12} more below" if len(params) > 12 else ""))
    return "\n".join(lines)


_NOTABLE = ("scikit-learn", "xgboost", "lightgbm", "torch", "tensorflow", "pandas", "numpy", "scipy")


def _python(run: Run) -> str:
    value = run.environment.get("python")
    found = value.get("python") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else ""


def _packages(run: Run) -> Mapping[str, str]:
    for value in (run.environment, *run.environment.values()):
        found = value.get("packages") if isinstance(value, Mapping) else None
        if isinstance(found, Mapping):
            return {str(name): str(version) for name, version in found.items()}
    return {}


def environment_words(run: Run) -> str:
    """Return the environment in few words: ``Environment: python 3.11.7, 43 packages``."""
    python, packages = _python(run), _packages(run)
    words = [f"python {python}"] if python else []
    if packages:
        words.append(fmt.plural(len(packages), "package"))
    return "Environment: " + ", ".join(words or [fmt.plural(len(run.environment), "fact")])


def environment_table(run: Run) -> Table | None:
    """Return what the run ran on; None where it did not say."""
    if not run.environment:
        return None
    rows: list[tuple[str, str]] = []
    for name, value in run.environment.items():
        rows.extend(_flattened(str(name), value))
    body = tuple(Row((Cell((Span(name),)), Cell((Span(value),)))) for name, value in rows[:400])
    return Table("c-env", (Span("As the run saw it."),), (Column("What"), Column("Version")), body, "codes")


def _flattened(name: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return [(name, fmt.plain(value))]
    found = []
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            found += [(str(k), fmt.plain(v)) for k, v in inner.items()]
        else:
            found.append((str(key), fmt.plain(inner)))
    return found
