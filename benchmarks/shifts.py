"""Level shifts in synthetic histories: recall, precision, false alarms and delay, ours beside asv's on the same data.

    python benchmarks/shifts.py [--repeat 60] [--seed 20261124] [--asv DIRECTORY]

asv's `step_detect` is used as published: from the installed package, or from a directory that holds an unpacked wheel (its own
dependencies are not needed). Without it our side is printed alone. Every number depends on the seed and the count of repeats
alone. Histories have a noise of 1 % of 0.7; the generators:

    gauss     independent normal noise
    t3        Student's t with 3 degrees of freedom: now and then far out
    out5      normal, 5 % of the builds off by 5 to 12 standard deviations
    ar.3      neighbouring builds resemble each other (first-order autocorrelation .3; ar.6 likewise)
    grid      normal, rounded to one standard deviation: many ties
    skew      gamma noise with shape 2
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from reportgen.analysis.shifts import find_steps

LEVEL, SIGMA, MIN_SHIFT = 0.7, 0.007, 0.001
GENERATORS = ("gauss", "t3", "out5", "ar.3", "grid", "skew", "ar.6")
LENGTHS = (20, 30, 50, 100, 200)
SIZES = (1.5, 2.0, 3.0)
WITHIN = 3
Detector = Callable[[Sequence[float]], list[int]]


def noise(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "t3":
        return rng.standard_t(3, n) / np.sqrt(3)
    if kind == "out5":
        off = rng.choice([-1, 1], n) * rng.uniform(5, 12, n)
        return np.where(rng.random(n) < 0.05, off, rng.normal(size=n))
    if kind.startswith("ar"):
        share = float(kind[2:])
        steps = rng.normal(size=n) * np.sqrt(1 - share**2)
        made = np.empty(n)
        made[0] = rng.normal()
        for i in range(1, n):
            made[i] = share * made[i - 1] + steps[i]
        return made
    if kind == "grid":
        return np.round(rng.normal(size=n))
    if kind == "skew":
        return (rng.gamma(2, 1, n) - 2) / np.sqrt(2)
    return rng.normal(size=n)


def history(kind: str, n: int, rng: np.random.Generator, drop: float = 0.0, at: int | None = None) -> list[float]:
    level = np.zeros(n)
    if at is not None:
        level[at:] -= drop
    return (LEVEL + SIGMA * (level + noise(kind, n, rng))).tolist()


def ours(values: Sequence[float]) -> list[int]:
    found = find_steps(values, min_shift=MIN_SHIFT)
    return [] if found.slope is not None else list(found.starts)


def load_asv(directory: Path | None) -> Detector | None:
    place = directory / "asv" if directory is not None else None
    if place is None:
        found = importlib.util.find_spec("asv")
        place = Path(found.origin).parent if found is not None and found.origin else None
    if place is None or not (place / "step_detect.py").is_file():
        return None
    package = types.ModuleType("asv")
    package.__path__ = [str(place)]
    sys.modules["asv"] = package
    detect_steps = importlib.import_module("asv.step_detect").detect_steps

    def detect(values: Sequence[float]) -> list[int]:
        return [step[0] for step in detect_steps(list(values))[1:]]

    return detect


def one_look(detect: Detector, kind: str, n: int, drop: float, repeat: int, seed: int) -> tuple[float, float]:
    """Recall and precision (%) of one shift in the middle, found within three builds."""
    hits = alarms = 0
    for i in range(repeat):
        rng = np.random.default_rng([seed, n, int(drop * 10), i])
        found = detect(history(kind, n, rng, drop, n // 2))
        near = [start for start in found if abs(start - n // 2) <= WITHIN]
        hits += bool(near)
        alarms += len(found) - bool(near)
    return 100 * hits / repeat, 100 * hits / (hits + alarms) if hits + alarms else 100.0


def quiet_look(detect: Detector, kind: str, n: int, repeat: int, seed: int) -> float:
    """Share (%) of histories without a shift in which one look reports one."""
    made = (history(kind, n, np.random.default_rng([seed, n, 99, i])) for i in range(repeat))
    return 100 * sum(bool(detect(values)) for values in made) / repeat


def ever(detect: Detector, kind: str, repeat: int, seed: int, first: int = 4) -> tuple[float, float]:
    """Share (%) of 60 quiet builds in which a look after each build ever reports a shift, and does before build 15."""
    early = late = 0
    for i in range(repeat):
        values = history(kind, 60, np.random.default_rng([seed, 60, 7, i]))
        alarm = next((n for n in range(first, 61) if detect(values[:n])), None)
        late += alarm is not None
        early += alarm is not None and alarm < 15
    return 100 * late / repeat, 100 * early / repeat


def delay(detect: Detector, kind: str, drop: float, repeat: int, seed: int) -> str:
    """Builds after a drop at build 41 until half of the histories show it within four builds of it."""
    made = [history(kind, 61, np.random.default_rng([seed, 61, int(drop * 10), i]), drop, 40) for i in range(repeat)]
    for after in range(1, 21):
        seen = sum(any(abs(start - 40) <= 4 for start in detect(values[: 40 + after])) for values in made)
        if 2 * seen >= repeat:
            return str(after)
    return "–"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    print(f"\n{title}")
    for line in (head, *rows):
        print(
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--asv", type=Path, default=None)
    chosen = parser.parse_args()
    repeat, seed = chosen.repeat, chosen.seed
    asv = load_asv(chosen.asv)
    detectors: dict[str, Detector] = {"ours": ours} | ({"asv": asv} if asv is not None else {})
    print(f"{repeat} histories each, seed {seed}" + ("" if asv else "; asv is not installed: our side alone"))

    rows = []
    for n in LENGTHS:
        for name, detect in detectors.items():
            cells = [one_look(detect, "gauss", n, size, repeat, seed) for size in SIZES]
            cells.append(one_look(detect, "out5", n, 2.0, repeat, seed))
            quiet = "/".join(f"{quiet_look(detect, kind, n, repeat, seed):.0f}" for kind in ("gauss", "out5", "ar.3"))
            rows.append([f"{n} builds, {name}", *(f"{recall:.0f}/{precision:.0f}" for recall, precision in cells), quiet])
    head = ["one look, one shift", *(f"{size:g} sd" for size in SIZES), "out5 2 sd", "false alarms"]
    table("Recall/precision (%) within 3 builds; false alarms (%) of one look at gauss/out5/ar.3 without a shift", head, rows)

    rows = [[name, *_evers(detect, repeat, seed)] for name, detect in detectors.items()]
    if asv is not None:
        rows.append(["asv, asked only from build 11", *_evers(asv, repeat, seed, first=11)])
    head = ["a look after each of builds 4 to 60", *GENERATORS]
    table("Histories without a shift that ever raise an alarm (%), in brackets before build 15", head, rows)

    sizes = (1.5, 2.0, 3.0, 4.0, 8.0)
    rows = [
        [
            name,
            *(delay(detect, "gauss", s, repeat, seed) for s in sizes),
            *(delay(detect, "out5", s, repeat, seed) for s in (2.0, 3.0)),
        ]
        for name, detect in detectors.items()
    ]
    head = ["builds after a drop at build 41", *(f"{s:g} sd" for s in sizes), "out5 2 sd", "out5 3 sd"]
    table("Delay until half of the histories show the drop (–: not within 20 builds)", head, rows)


def _evers(detect: Detector, repeat: int, seed: int, first: int = 4) -> list[str]:
    found = (ever(detect, kind, repeat, seed, first) for kind in GENERATORS)
    return [f"{late:.0f} ({early:.0f})" for late, early in found]


if __name__ == "__main__":
    main()
