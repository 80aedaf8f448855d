"""``reportgen serve``: preview the site, or serve what is published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import INTERRUPTED, App, pass_app, verb
from reportgen.errors import ReportgenError

if TYPE_CHECKING:
    from reportgen.serve.http import SiteServer


@verb("serve")
@click.option("-a", "--dev-addr", default="127.0.0.1:8000", metavar="IP:PORT", show_default=True, help="Where to serve.")
@click.option("-o", "--open", "open_browser", is_flag=True, help="Open the site in a browser.")
@click.option("--no-livereload", is_flag=True, help="Build once; do not watch and reload.")
@click.option("--harvest", is_flag=True, help="Harvest what is new on Jenkins first.")
@click.option(
    "--site", type=click.Path(path_type=Path, file_okay=False), help="Serve this published tree as it is; build nothing."
)
@pass_app
def command(app: App, dev_addr: str, open_browser: bool, no_livereload: bool, harvest: bool, site: Path | None) -> int:
    """Build the site from the store into a temporary directory, serve it, and rebuild and reload as its sources change.

    Sources are reportgen.toml, content/, the theme and the store. With --site a published tree is served as a good web server
    would serve it, and nothing is built.
    """
    if site is not None:
        return serve_published(app, site, dev_addr, open_browser=open_browser)
    from reportgen.serve.preview import Preview

    config = app.config()
    if harvest:
        from reportgen.cli.harvest import run_harvest

        run_harvest(app, config)
    from reportgen import __version__

    with Preview(app.config_file, f"reportgen {__version__}", app.console) as preview:
        preview.build()
        server = _listen(app, dev_addr, preview.root, preview)
        if not no_livereload:
            preview.watch()
        _serve(app, server, open_browser=open_browser)
    return INTERRUPTED


def serve_published(app: App, tree: Path, dev_addr: str, *, open_browser: bool = False) -> int:
    """Serve a published tree until it is interrupted; return the status to end with."""
    if not tree.is_dir():
        raise ReportgenError(f"{tree}: there is no such directory", hint="reportgen build publishes one")
    _serve(app, _listen(app, dev_addr, tree, None), open_browser=open_browser)
    return INTERRUPTED


def _listen(app: App, address: str, root: Path, preview: object) -> SiteServer:
    from reportgen.serve.http import open_server, split_address

    host, port = split_address(address)
    server = open_server(host, port, root, getattr(preview, "signal", None))
    if port and server.server_port != port:
        app.console.line(f"port {port} is taken, using {server.server_port}")
    if server.any_host:
        app.console.warn("listening to the whole network: everybody who can reach this machine can read the site")
    return server


def _serve(app: App, server: SiteServer, *, open_browser: bool) -> None:
    app.console.line(f"serving {server.url} (Ctrl+C ends)")
    if open_browser:
        import webbrowser

        webbrowser.open(server.url)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        app.console.line("stopped")
    finally:
        server.server_close()
