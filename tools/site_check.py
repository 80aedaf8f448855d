"""Check the sample site as its readers meet it: in Chromium under three policies, with axe, html-validate, vnu and Lighthouse.

    python tools/site_check.py --tools node_modules [--site DIR] [--no-lighthouse]

Builds the sample site unless one is given. Every check is counted; the last line says how many passed and failed.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

JENKINS_POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
OWN_POLICY = "default-src 'self'"
# What the browser itself says of an external script or a refresh under Jenkins' policy is allowed; anything else is ours.
ALLOWED_NOTICES = (
    re.compile(r"Blocked script execution in '[^']*' because the document's frame is sandboxed"),
    re.compile(r"Refused to load the script '[^']*\.js'|Loading the script '[^']*\.js' violates"),
    re.compile(r"Refused to .*refresh|Blocked .*refresh", re.IGNORECASE),
)
TEXT = {".html", ".css", ".js", ".svg", ".json", ".csv"}
BUDGETS = {"run page": 12_000, "style": 12_000, "script": 20_000}
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


class Tally:
    """Counts checks and tells each that fails."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, good: bool, what: str) -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--site", type=Path)
    parser.add_argument("--no-lighthouse", action="store_true")
    options = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="site-check-") as scratch:
        tree = options.site or sample_site(Path(scratch))
        kinds = page_kinds(tree)
        print("page kinds: " + ", ".join(f"{kind} ({page})" for kind, page in kinds.items()))
        check_budgets(tally, tree, kinds)
        check_links(tally, tree)
        check_markup(tally, tree, kinds, options.tools)
        check_browser(tally, tree, kinds)
        if not options.no_lighthouse:
            check_lighthouse(tally, tree, kinds, options.tools)
    print(f"site-check: {tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def sample_site(scratch: Path) -> Path:
    subprocess.run([sys.executable, "-m", "reportgen", "demo", str(scratch / "demo"), "--no-serve", "-q"], check=True)
    return (scratch / "demo" / "public" / "latest").resolve()


def page_kinds(tree: Path) -> dict[str, str]:
    """Return one page of every kind: the kind is what the page says of itself in ``<body data-page=…>``; states add more.

    Of runs there is one of every way to end, as the mark beside the heading tells it.
    """
    kinds: dict[str, str] = {}
    for page in sorted(tree.rglob("*.html")):
        text = page.read_text("utf-8")
        found = re.search(r'<body[^>]*\bdata-page="([^"]+)"', text)
        name = page.relative_to(tree).as_posix()
        kind = found[1] if found else name
        if kind == "run":
            ended = re.search(r'</h1><span class="res[^"]*">.*?<span>([^<]+)</span>', text)
            if ended and ended[1] != "SUCCESS":
                kind = f"run, {ended[1]}"
            elif "<svg" not in text:
                continue
        kinds.setdefault(kind, name)
        if (
            kind.partition(",")[0] in {"run", "job", "leaderboard", "model", "dataset"}
            and page.stat().st_size > (tree / kinds[kind]).stat().st_size
        ):
            kinds[kind] = name  # the fullest of its kind
    return kinds


def check_budgets(tally: Tally, tree: Path, kinds: dict[str, str]) -> None:
    def weight(*paths: Path) -> int:
        return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)

    assets = tree / "assets"
    own = [path for path in assets.glob("*.js") if "vega" not in path.name]
    weights = {
        "run page": max(weight(tree / page) for kind, page in kinds.items() if kind.partition(",")[0] == "run"),
        "style": weight(*assets.glob("*.css")),
        "script": weight(*own),
    }
    for name, bytes_ in weights.items():
        print(f"{name}: {bytes_:,} bytes compressed (budget {BUDGETS[name]:,})")
        tally.check(bytes_ <= BUDGETS[name], f"{name} weighs {bytes_:,} bytes compressed, the budget is {BUDGETS[name]:,}")


def check_links(tally: Tally, tree: Path) -> None:
    from reportgen.site.linkcheck import check_links

    problems = check_links(tree)
    for problem in problems[:20]:
        print(f"  {problem}")
    tally.check(not problems, f"{len(problems)} links do not resolve")


def check_markup(tally: Tally, tree: Path, kinds: dict[str, str], tools: Path) -> None:
    pages = [str(tree / page) for page in kinds.values()]
    script = tools / "html-validate" / "bin" / "html-validate.mjs"
    done = subprocess.run(
        ["node", str(script), "--preset", "standard", "--formatter", "text", *pages],
        capture_output=True,
        text=True,
        check=False,
    )
    tally.check(done.returncode == 0, f"html-validate:\n{(done.stdout + done.stderr)[-4000:]}")
    jar = tools / "vnu-jar" / "build" / "dist" / "vnu.jar"
    done = subprocess.run(["java", "-jar", str(jar), "--errors-only", *pages], capture_output=True, text=True, check=False)
    tally.check(done.returncode == 0, f"vnu:\n{(done.stdout + done.stderr)[-4000:]}")


@contextmanager
def served(tree: Path, policy: str) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            self.send_header("X-Content-Type-Options", "nosniff")
            super().end_headers()

        def send_head(self) -> Any:
            """Send text compressed, as a good host does."""
            path = Path(self.translate_path(self.path))
            if self.path.partition("?")[0].endswith("/"):
                path /= "index.html"
            if path.suffix not in TEXT or not path.is_file() or "gzip" not in self.headers.get("Accept-Encoding", ""):
                return super().send_head()
            data = gzip.compress(path.read_bytes(), 6)
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            return io.BytesIO(data)

        def copyfile(self, source: Any, outputfile: Any) -> None:
            with suppress(ConnectionError):  # a browser that has left
                super().copyfile(source, outputfile)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is given
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tree)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def chromium() -> str:
    found = os.environ.get("REPORTGEN_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise SystemExit("site-check needs Chromium: apt-get install chromium, or set REPORTGEN_CHROMIUM")
    return found


def check_browser(tally: Tally, tree: Path, kinds: dict[str, str]) -> None:
    from playwright.sync_api import sync_playwright

    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        with served(tree, OWN_POLICY) as own, served(tree, JENKINS_POLICY) as jenkins:
            file = tree.as_uri() + "/"
            places = {"own policy": own, "Jenkins' policy": jenkins, "file": file, "file without scripts": file}
            for place, base in places.items():
                context = browser.new_context(java_script_enabled="without" not in place)
                for kind, page in kinds.items():
                    _visit(tally, context, f"{kind} under {place}", base, page, living=place in {"own policy", "file"})
                context.close()
            for scheme in ("light", "dark"):
                context = browser.new_context(color_scheme=scheme)
                for kind, page in kinds.items():
                    _axe(tally, context, axe, f"{kind}, {scheme}", own + page)
                context.close()
            for kind, page in kinds.items():
                _pictures(tally, browser, kind, file + page)
        browser.close()


def _visit(tally: Tally, context: Any, what: str, base: str, address: str, *, living: bool) -> None:
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(base + address, wait_until="load")
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(150)
    if living:
        tally.check(*_enlivened(page, what))
    ours = [text for text in said if not any(allowed.search(text) for allowed in ALLOWED_NOTICES)]
    outside = [url for url in asked if not url.startswith(base) and not url.startswith(("data:", "blob:"))]
    broken = _without_picture(page)
    tally.check(not ours, f"{what}: {ours[:3]}")
    tally.check(not outside, f"{what}: requests leave the site: {outside[:3]}")
    tally.check(not broken, f"{what}: images do not load: {broken[:3]}")
    page.close()


def _without_picture(page: Any) -> list[str]:
    """Return the pictures in sight, or further down the page, that do not load."""
    page.locator("img").evaluate_all("images => images.forEach(image => image.loading = 'eager')")
    missing: list[str] = []
    for _ in range(100):
        missing = page.locator("img").evaluate_all(
            "images => images.filter(i => i.offsetWidth > 0 && !(i.complete && i.naturalWidth)).map(i => i.src)"
        )
        if not missing:
            break
        page.wait_for_timeout(50)
    return missing


def _enlivened(page: Any, what: str) -> tuple[bool, str]:
    """Bring every chart into view, wait for it, and tell whether each became interactive."""
    charts = page.locator("img[data-chart]")
    shown = [at for at in range(charts.count()) if charts.nth(at).is_visible()]
    for at in shown:
        place = charts.nth(at)
        place.evaluate("picture => picture.scrollIntoView()")  # it may be on its way out already
        for _ in range(100):
            if "asleep" in (place.get_attribute("class") or ""):
                break
            page.wait_for_timeout(50)
    awake = page.locator("img[data-chart].asleep").count()
    drawn = page.locator(".chart svg").count()
    return awake >= len(shown) and drawn >= len(shown), f"{what}: {awake} of {len(shown)} charts became interactive"


def _pictures(tally: Tally, browser: Any, what: str, address: str) -> None:
    """Every figure shows exactly one of its pictures, whatever the width, and on paper."""
    counted = """() => [...document.querySelectorAll("figure:has(img)")].map(
        figure => [...figure.querySelectorAll("img")].filter(picture => picture.offsetWidth).length)"""
    page = browser.new_page(java_script_enabled=False)
    page.goto(address, wait_until="load")
    for medium, width in (("screen", 1280), ("screen", 900), ("screen", 390), ("print", 794)):
        page.emulate_media(media=medium)
        page.set_viewport_size({"width": width, "height": 900})
        shown = page.evaluate(counted)
        tally.check(set(shown) <= {1}, f"{what}, {medium} at {width}: pictures shown per figure {shown}")
    page.close()


def _axe(tally: Tally, context: Any, axe: str, what: str, address: str) -> None:
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document, {rules: {'target-size': {enabled: true}}})")
    told = [f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})" for one in found["violations"]]
    tally.check(not told, f"axe, {what}: {told}")
    page.close()


def check_lighthouse(tally: Tally, tree: Path, kinds: dict[str, str], tools: Path) -> None:
    with served(tree, OWN_POLICY) as base:
        for kind in ("run", "leaderboard", "overview"):
            scores: dict[str, list[float]] = {"accessibility": [], "best-practices": [], "performance": []}
            for _ in range(3):
                for name, score in _lighthouse(base + kinds[kind], tools).items():
                    scores[name].append(score)
            medians = {name: statistics.median(values) for name, values in scores.items()}
            print(f"lighthouse, {kind}: " + ", ".join(f"{name} {value:.2f}" for name, value in medians.items()))
            tally.check(medians["accessibility"] == 1, f"lighthouse accessibility of {kind}: {medians['accessibility']}")
            tally.check(medians["best-practices"] == 1, f"lighthouse best practices of {kind}: {medians['best-practices']}")
            tally.check(medians["performance"] >= 0.95, f"lighthouse performance of {kind}: {medians['performance']}")


def _lighthouse(address: str, tools: Path) -> dict[str, float]:
    done = subprocess.run(
        [
            "node", str(tools / "lighthouse" / "cli" / "index.js"), address, "--quiet", "--output=json",
            "--only-categories=accessibility,best-practices,performance",
            "--chrome-flags=--headless=new " + " ".join(CHROMIUM_FLAGS),
        ],
        capture_output=True, text=True, check=False, timeout=180, env={**os.environ, "CHROME_PATH": chromium()},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"lighthouse failed on {address}:\n{done.stderr[-2000:]}")
    return {name: category["score"] or 0.0 for name, category in json.loads(done.stdout)["categories"].items()}


if __name__ == "__main__":
    sys.exit(main())
