"""One chart of every kind the package can draw, with everything a kind can show."""

from __future__ import annotations

from reportgen.charts import scatter, series, theme, trend
from reportgen.charts.values import Cell, Level, Line, Mark, Overlay, Scatter, ScatterPoint, Spec, Trend, TrendPoint

GROUPS = ("gradient boosting", "random forest", "logistic regression")


def history(count: int = 30, *, groups: bool = True) -> Trend:
    """A history with failed builds, a break, a shift, a champion and a baseline."""
    points = tuple(
        TrendPoint(label=f"#{at + 84}", failed=True, key=f"a/b#{at + 84}")
        if at % 13 == 6
        else TrendPoint(
            label=f"#{at + 84}", value=0.6 + at / 300, low=0.59 + at / 300, high=0.61 + at / 300,
            group=GROUPS[at % 3] if groups else "", key=f"a/b#{at + 84}",
        )
        for at in range(count)
    )  # fmt: skip
    return Trend(
        title="F1, higher is better",
        points=points,
        levels=(
            Level(kind="champion", value=0.63, first=8, last=12),
            Level(kind="champion", value=0.65, first=12, last=count - 1, label="champion"),
            Level(kind="baseline", value=0.6, first=8, last=count - 1, label="baseline 0.600"),
            Level(kind="limit", value=0.61, first=3, last=9, label="gate"),
            Level(kind="median", value=0.62, first=0, last=5),
        ),
        marks=(Mark(kind="break", at=8, label="val-2", before="val-1"), Mark(kind="shift", at=14, label="median +0.036")),
        format=".3f",
    )


def cost() -> Scatter:
    points = tuple(
        ScatterPoint(
            x=1 + at, y=0.7 + 0.01 * (at % 5), name=f"#{at}", group=GROUPS[at % 3], label="champion" if at == 4 else ""
        )
        for at in range(9)
    )
    return Scatter(x_title="ms", y_title="F1, higher is better", points=points)


def losses() -> Overlay:
    def line(name: str, kind: str, rate: float) -> Line:
        points = tuple((float(x), 1 / (1 + rate * x)) for x in range(20))
        band = tuple((x, y - 0.01, y + 0.01) for x, y in points) if kind == "this" else ()
        return Line(name=name, kind=kind, points=points, band=band)  # type: ignore[arg-type]

    lines = (line("#9", "this", 0.1), line("#7", "champion", 0.12), line("#1", "baseline", 0.2), line("#8", "other", 0.3))
    return Overlay(x_title="Step", y_title="Loss, lower is better", lines=lines, diagonal=True)


CELLS = (
    Cell(actual="stays", predicted="stays", count=903), Cell(actual="stays", predicted="churns", count=88),
    Cell(actual="churns", predicted="stays", count=91), Cell(actual="churns", predicted="churns", count=223),
)  # fmt: skip


def every_kind() -> dict[str, Spec]:
    """All kinds and sizes by name."""
    specs = {f"trend-{size}": trend.trend(history(), size=size) for size in ("wide", "middle", "small", "panel")}
    specs["trend-one-group"] = trend.trend(history(groups=False), size="wide")
    specs["trend-many"] = trend.trend(history(600, groups=False), size="wide")
    specs["duration"] = trend.duration_trend(history(), size="panel")
    specs |= {f"scatter-{size}": scatter.scatter(cost(), size=size) for size in ("wide", "small")}
    specs |= {f"overlay-{size}": series.overlay(losses(), size=size) for size in ("wide", "middle", "small", "square")}
    specs["confusion"] = series.confusion(CELLS)
    return specs


PALETTE = frozenset(theme.DARK)
