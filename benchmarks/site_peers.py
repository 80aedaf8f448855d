"""The peers of the site benchmark: how each is set up, gets a run, and is started."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.neutral import COLUMNS

LINKS = ("Overview", "Leaderboards", "Pipelines", "Jobs", "Models", "Data sets", "Compare", "Changes", "Search")
HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="stylesheet" href="../../style.css"><title>'
)
NAV = "<header><nav><ul>" + "".join(f'<li><a href="../../{name.lower()}/index.html">{name}</a></li>' for name in LINKS)
CELL = ' class="num"'


class Peer(NamedTuple):
    """A tool. `command` builds, with `again` where there is an earlier site; `add` writes what it reads of one run."""

    name: str
    command: tuple[str, ...]
    again: tuple[str, ...]
    output: str
    setup: Callable[[Path], None]
    add: Callable[[Path, Mapping[str, Any]], None]


def page_data(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run as templates get it: a metric with its interval and how far it is from the middle."""
    metrics = [
        {"name": name, "value": value, "low": round(max(0.0, value - 0.02), 6), "high": round(min(1.0, value + 0.02), 6),
         "n": 1305, "delta": round(value - 0.5, 6)}
        for name, value in run["metrics"].items()
    ]  # fmt: skip
    return {
        "title": f"Run {run['number']}",
        "number": run["number"],
        "started": run["started_at"].isoformat(),
        "duration": run["duration_s"],
        "commit": run["commit"],
        "upstream": run["upstream"],
        "settings": [{"name": name, "value": value} for name, value in run["params"].items()],
        "metrics": metrics,
        "columns": COLUMNS,
        "rows": run["table"],
        "series": [{"step": step, "value": value} for step, value in enumerate(run["series"])],
        "files": [{"path": path, "size": size} for path, size in run["artifacts"]],
    }


def _template(loop: Callable[[str, str], str], end: str, value: Callable[[str], str], item: Callable[[str, str], str]) -> str:
    """Return the page in a template language, given how it writes loops and values."""
    n = CELL
    metric = "".join(f"<td{n}>{item('m', name)}</td>" for name in ("value", "low", "high", "n", "delta"))
    return (
        f"{HEAD}{value('title')}</title></head><body>{NAV}</ul></nav></header><main><h1>{value('title')}</h1>"
        f"<dl><dt>Started</dt><dd>{value('started')}</dd><dt>Duration</dt><dd>{value('duration')} s</dd><dt>Commit</dt>"
        f'<dd><code>{value("commit")}</code></dd><dt>From</dt><dd><a href="../../train/{value("upstream")}/index.html">'
        f"train #{value('upstream')}</a></dd></dl>\n<section><h2>Metrics</h2><table><thead><tr><th>Metric</th><th>Value</th>"
        "<th>Low</th><th>High</th><th>n</th><th>From the middle</th><th>Interval</th></tr></thead><tbody>\n"
        f'{loop("m", "metrics")}<tr><th scope="row"><a href="../../metrics/{item("m", "name")}/index.html">'
        f'{item("m", "name")}</a></th>{metric}<td><svg class="pl" width="230" height="34" aria-hidden="true">'
        f'<line class="w" x1="{item("m", "low")}" x2="{item("m", "high")}" y1="50%" y2="50%"/>'
        f'<circle class="o" cx="{item("m", "value")}" cy="50%" r="4"/></svg></td></tr>\n{end}</tbody></table></section>\n'
        "<section><h2>Settings</h2><table><tbody>\n"
        f'{loop("p", "settings")}<tr><th scope="row">{item("p", "name")}</th><td{n}>{item("p", "value")}</td></tr>\n{end}'
        "</tbody></table></section>\n<section><h2>Classes</h2><table><thead><tr>"
        f'{loop("c", "columns")}<th scope="col">{item("c", "")}</th>{end}</tr></thead><tbody>\n'
        f"{loop('r', 'rows')}<tr>{loop('c', 'r')}<td{n}>{item('c', '')}</td>{end}</tr>\n{end}</tbody></table></section>\n"
        "<section><h2>Series</h2><table><thead><tr><th>Step</th><th>train/loss</th><th>Plot</th></tr></thead><tbody>\n"
        f'{loop("s", "series")}<tr><th scope="row">{item("s", "step")}</th><td{n}>{item("s", "value")}</td>'
        f'<td><svg class="pl" width="230" height="14" aria-hidden="true"><rect class="b" width="{item("s", "value")}" '
        f'height="100%"/><circle class="o" cx="{item("s", "value")}" cy="50%" r="3"/></svg></td></tr>\n{end}'
        f"</tbody></table></section>\n<section><h2>Note</h2>{value('note')}</section>\n"
        "<section><h2>Files</h2><table><tbody>\n"
        f'{loop("f", "files")}<tr><td><a href="../../files/{item("f", "path")}">{item("f", "path")}</a></td>'
        f"<td{n}>{item('f', 'size')}</td></tr>\n{end}</tbody></table></section></main></body></html>\n"
    )


# -- Hugo ---


def _hugo(directory: Path) -> None:
    (directory / "content" / "runs").mkdir(parents=True)
    (directory / "layouts" / "_default").mkdir(parents=True)
    (directory / "hugo.toml").write_text(
        'baseURL = "https://example.org/"\ntitle = "Benchmark"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n'
    )

    def loop(name: str, what: str) -> str:
        return f"{{{{ range ${name} := {f'${what}' if what == 'r' else f'.Params.{what}'} }}}}"

    def value(name: str) -> str:
        return {"title": "{{ .Title }}", "note": "{{ .Content }}"}.get(name, f"{{{{ .Params.{name} }}}}")

    def item(name: str, what: str) -> str:
        return f"{{{{ ${name}{f'.{what}' if what else ''} }}}}"

    (directory / "layouts" / "_default" / "single.html").write_text(_template(loop, "{{ end }}", value, item))
    listed = '{{ range first 200 .RegularPages }}<p><a href="{{ .RelPermalink }}">{{ .Title }}</a></p>{{ end }}'
    (directory / "layouts" / "_default" / "list.html").write_text(f"{HEAD}Runs</title></head><body>{listed}</body></html>\n")


def _hugo_run(directory: Path, run: Mapping[str, Any]) -> None:
    (directory / "content" / "runs" / f"{run['number']}.md").write_text(f"{json.dumps(page_data(run))}\n\n{run['note']}\n")


# -- a plain Jinja2 loop ---

LOOP = """\
import json
from pathlib import Path
import jinja2

environment = jinja2.Environment(loader=jinja2.FileSystemLoader("."), autoescape=True)
template = environment.get_template("run.html")
names = []
for line in open("runs.jsonl", encoding="utf-8"):
    run = json.loads(line)
    names.append(run["title"])
    directory = Path("out/runs") / str(run["number"])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.html").write_text(template.render(run), encoding="utf-8")
Path("out/index.html").write_text("\\n".join(names[-200:]), encoding="utf-8")
"""


def _jinja(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "build.py").write_text(LOOP)

    def loop(name: str, what: str) -> str:
        return f"{{% for {name} in {what} %}}"

    def value(name: str) -> str:
        return f"{{{{ {name} }}}}"

    def item(name: str, what: str) -> str:
        return f"{{{{ {name}{f'.{what}' if what else ''} }}}}"

    (directory / "run.html").write_text(_template(loop, "{% endfor %}", value, item))


def _jinja_run(directory: Path, run: Mapping[str, Any]) -> None:
    with (directory / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**page_data(run), "note": run["note"]}) + "\n")


# -- MkDocs: tables in Markdown, as its pages are ---


def _mkdocs(directory: Path) -> None:
    (directory / "docs" / "runs").mkdir(parents=True)
    (directory / "mkdocs.yml").write_text(
        "site_name: Benchmark\nplugins: []\nnav:\n  - index.md\nvalidation:\n  omitted_files: ignore\ntheme: mkdocs\n"
    )
    (directory / "docs" / "index.md").write_text("# Benchmark\n")


def _mkdocs_run(directory: Path, run: Mapping[str, Any]) -> None:
    data = page_data(run)

    def table(head: list[str], rows: list[list[Any]]) -> str:
        lines = [head, ["---"] * len(head), *rows]
        return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"

    parts = [
        f"# {data['title']}\n",
        table(["", ""], [[name, data[name]] for name in ("started", "duration", "commit", "upstream")]),
        "## Metrics\n",
        table(["Metric", "Value", "Low", "High", "n", "From the middle"], [list(m.values()) for m in data["metrics"]]),
        "## Settings\n",
        table(["Setting", "Value"], [list(p.values()) for p in data["settings"]]),
        "## Classes\n",
        table(data["columns"], data["rows"]),
        "## Series\n",
        table(["Step", "train/loss"], [list(s.values()) for s in data["series"]]),
        f"## Note\n\n{run['note']}\n",
        "## Files\n",
        table(["File", "Bytes"], [list(f.values()) for f in data["files"]]),
    ]
    (directory / "docs" / "runs" / f"{run['number']}.md").write_text("\n".join(parts))


PEERS = (
    Peer("hugo", ("hugo", "--quiet"), (), "public", _hugo, _hugo_run),
    Peer("jinja2", ("python", "build.py"), (), "out", _jinja, _jinja_run),
    Peer("mkdocs", ("mkdocs", "build", "--quiet"), ("--dirty",), "site", _mkdocs, _mkdocs_run),
)
