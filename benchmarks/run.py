"""Run every benchmark in turn and print its tables.

    python benchmarks/run.py                 full size, without peers
    python benchmarks/run.py --quick         small data: minutes, figures for orientation only
    python benchmarks/run.py --peers DIR     beside the peers that the virtual environment DIR has
    python benchmarks/run.py stage store     only these

Peers are measured where DIR has them; what is missing is named at the end, with the command that installs it. Ends with 1 when
a benchmark failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Benchmark:
    """One script: what makes it small, which packages it is measured beside, and how it is told where they are."""

    name: str
    quick: tuple[str, ...]
    peers: tuple[str, ...] = ()
    with_peers: tuple[str, ...] = ()
    without_peers: tuple[str, ...] = ()


# {dir} is the environment, {python} its interpreter, {packages} where its packages are.
BENCHMARKS = (
    Benchmark("stage", (), ("mlflow", "dvclive", "trackio"), ("--peers", "{dir}"), ("--no-peers",)),
    Benchmark("harvest", ("--builds", "100", "--repeat", "1")),
    Benchmark("store", ("--runs", "500"), ("mlflow",), ("--mlflow", "{python}")),
    Benchmark("leaderboard", ("--runs", "1000", "--repeat", "1")),
    Benchmark("shifts", ("--repeat", "5"), ("asv",), ("--asv", "{packages}")),
    Benchmark(
        "site", ("--sizes", "200"), ("jinja2", "mkdocs", "hugo"), ("--peers", "{dir}"), ("--only", "reportgen"),
    ),
    Benchmark("serve", ("--runs", "200", "--saves", "3")),
    Benchmark("table", ("--rows", "2000", "--repeat", "2"), ("itables",), ("--datatables", "{packages}/itables/html")),
)  # fmt: skip


def main() -> int:
    """Run what was asked for and return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [benchmark.name for benchmark in BENCHMARKS]
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; default: all")
    options.add_argument("--quick", action="store_true", help="small data")
    options.add_argument("--peers", type=Path, metavar="DIR", help="a virtual environment that has peers")
    given = options.parse_args()
    if unknown := set(given.names) - set(known):
        options.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    missing: dict[str, tuple[str, ...]] = {}
    failed = []
    for benchmark in BENCHMARKS:
        if benchmark.name not in (given.names or known):
            continue
        absent = tuple(peer for peer in benchmark.peers if not has(given.peers, peer))
        if absent:
            missing[benchmark.name] = absent
        print(f"\n## {benchmark.name}\n", flush=True)
        start = time.monotonic()
        done = subprocess.run(command(benchmark, given.quick, None if absent else given.peers), cwd=ROOT, check=False)
        print(f"\n({time.monotonic() - start:.0f} s)", flush=True)
        if done.returncode:
            failed.append(benchmark.name)
    for name, absent in missing.items():
        print(f"{name}: measured alone; missing peers: {', '.join(absent)}")
    if missing:
        peers = sorted({peer for absent in missing.values() for peer in absent})
        where = given.peers or "peers"
        print(f"to install them: python3 -m venv {where} && {where}/bin/pip install {' '.join(peers)}; then --peers {where}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def packages(environment: Path) -> Path | None:
    """Return the directory of packages of a virtual environment."""
    return next(environment.glob("lib/python3*/site-packages"), None)


def has(environment: Path | None, package: str) -> bool:
    """Tell whether a virtual environment has a package."""
    where = packages(environment) if environment else None
    return where is not None and ((where / package).is_dir() or any(where.glob(f"{package}-*.dist-info")))


def command(benchmark: Benchmark, quick: bool, environment: Path | None) -> list[str]:
    """Return the command line of a benchmark; without an environment it is measured alone."""
    arguments = [sys.executable, "-m", f"benchmarks.{benchmark.name}", *(benchmark.quick if quick else ())]
    if environment is None or not benchmark.peers:
        return [*arguments, *benchmark.without_peers]
    home = environment.resolve()
    places = {"dir": home, "python": home / "bin" / "python", "packages": packages(home)}
    return [*arguments, *(part.format(**places) for part in benchmark.with_peers)]


if __name__ == "__main__":
    sys.exit(main())
