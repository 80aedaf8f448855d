"""The frame of every page and the components that all page kinds share.

Components are named tuples: they are made by the thousand, templates read them fast, and they turn into JSON as they are.
Fields are documented with `Annotated`; `reference.py` collects that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple


class Span(NamedTuple):
    """A piece of a sentence."""

    text: Annotated[str, "The words."]
    href: Annotated[str, "Where it leads; empty for plain text."] = ""
    mark: Annotated[
        str, "How it is set: `b` (bold), `code`, `mut` (grey), `was`, `why` (a missing reason), `tag`, `key` (a tag in accent)."
    ] = ""
    datetime: Annotated[str, "Machine-readable time, where the words are a time."] = ""


Text = tuple[Span, ...]


def plain(text: str) -> Text:
    """Return a sentence of one piece."""
    return (Span(text),) if text else ()


class Link(NamedTuple):
    """A link with its words."""

    label: Annotated[str, "The words."]
    href: Annotated[str, "Address relative to the page, or an absolute one on Jenkins."]
    rel: Annotated[str, "`prev`, `next` or empty."] = ""


class NavItem(NamedTuple):
    """A section in the header."""

    label: Annotated[str, "The words."]
    href: Annotated[str, "Address relative to the page."]
    current: Annotated[str, "`page` on the section's own page, `true` on pages inside it, else empty."] = ""


class Result(NamedTuple):
    """How a build, stage or step ended: shape, then word, then colour."""

    kind: Annotated[
        str,
        "`ok` success, `un` unstable, `ko` failure, `off` aborted, `nil` not built or skipped, `go` running, `wait` waiting "
        "for a person, `torn` interrupted.",
    ]
    word: Annotated[str, "Jenkins' word for it, or ours where Jenkins has none."]


class Delta(NamedTuple):
    """A difference to another run."""

    text: Annotated[str, "Signed number, or an en dash."]
    state: Annotated[str, "`up` clearly better, `dn` clearly worse, empty where that cannot be said."] = ""
    word: Annotated[str, "`better` or `worse`, for readers who do not see colour and arrow; else empty."] = ""


class Tick(NamedTuple):
    """A labelled place on an axis."""

    x: Annotated[str, "Percentage of the width."]
    label: Annotated[str, "The number there."]
    minor: Annotated[bool, "Left out where the plot is narrow."] = False


class Plot(NamedTuple):
    """One row of a forest plot; every coordinate is a percentage of the width, empty where there is no such mark."""

    dot: Annotated[str, "The value."] = ""
    low: Annotated[str, "Lower end of the interval."] = ""
    high: Annotated[str, "Upper end of the interval."] = ""
    band: Annotated[str, "Left edge of the reference's interval."] = ""
    band_width: Annotated[str, "Its width."] = ""
    line: Annotated[str, "A reference value: dotted line."] = ""
    zero: Annotated[str, "Where a difference is nought: solid line."] = ""
    ring: Annotated[str, "The baseline."] = ""
    me: Annotated[bool, "Drawn in accent: the row the table is about."] = False


class Spark(NamedTuple):
    """A small line of a value over builds."""

    points: Annotated[str, "Coordinates of the line, as the attribute of an SVG polyline has them."]
    last_x: Annotated[str, "Of the last point; empty where the last build has no value."]
    last_y: Annotated[str, "Of the last point."]
    gaps: Annotated[tuple[str, ...], "Horizontal places of builds without a value."]
    alt: Annotated[str, "What it shows, with numbers."]
    band: Annotated[tuple[str, str], "Top and height of the champion's interval; empty where there is none."] = ("", "")
    width: Annotated[str, "Width of the picture; coordinates are in its pixels."] = "112"
    height: Annotated[str, "Height of the picture."] = "24"
    floor: Annotated[str, "Where the crosses of builds without a value stand."] = "20"


class Fact(NamedTuple):
    """A line of a list of facts."""

    label: Annotated[str, "What it is."]
    text: Annotated[Text, "The value, in pieces."]


class Notice(NamedTuple):
    """One line under the heading on what is not as usual with this page."""

    kind: Annotated[str, "`gone`, `run`, `warn` or `bad`."]
    lead: Annotated[str, "The bold words."]
    text: Annotated[Text, "The consequence."]


class Change(NamedTuple):
    """A value that differs from another run."""

    name: Annotated[str, "Param, dataset or other fact."]
    old: Annotated[str, "There."]
    new: Annotated[str, "Here."]
    kind: Annotated[str, "`param` (set in mono) or `fact`."] = "param"


class Column(NamedTuple):
    """Head of a column."""

    label: Annotated[str, "The words."]
    num: Annotated[bool, "Numbers: right-aligned."] = False
    sub: Annotated[str, "A second, smaller line."] = ""
    sort: Annotated[str, "How scripts sort it: `num`, `text`, `time`, or empty for not at all."] = ""
    kind: Annotated[str, "`px` for columns that paper drops, `sorted` for the one ranked by, else empty."] = ""
    href: Annotated[str, "Where the head leads, or empty."] = ""
    axis: Annotated[tuple[Tick, ...], "Scale of the plots in the column; empty for a column of words."] = ()


class Cell(NamedTuple):
    """A cell of a general table."""

    text: Annotated[Text, "What it says, in pieces."]
    kind: Annotated[str, "`num`, `v` (the value the table is about), `mono`, `tx` (wraps), `mut`, `why`, or several."] = ""
    result: Annotated[Result | None, "A result shown before the words."] = None
    delta: Annotated[Delta | None, "A difference shown instead of words."] = None
    sort: Annotated[str, "Value that scripts sort by, where it is not the words."] = ""
    span: Annotated[int, "Columns it covers."] = 1
    plot: Annotated[Plot | None, "A plot instead of words, on the scale in the head."] = None


class Row(NamedTuple):
    """A row of a general table; the first cell is its head."""

    cells: Annotated[tuple[Cell, ...], "Cells in the order of the columns."]
    kind: Annotated[str, "`me` (the page's own row), `miss` (no value), `part` (a heading inside the table) or empty."] = ""


class Table(NamedTuple):
    """A general table."""

    id: Annotated[str, "Unique on the page."]
    caption: Annotated[Text, "How many of how many, units, what marks mean."]
    columns: Annotated[tuple[Column, ...], "Heads."]
    rows: Annotated[tuple[Row, ...], "Rows."]
    kind: Annotated[str, "Classes: `stick` (head in sight), `board`, `codes` (all code), `p8` (eight rows on paper)."] = ""
    data: Annotated[tuple[Link, ...], "The same as CSV and JSON; empty where the exports of the site have it."] = ()


class Picture(NamedTuple):
    """One image file of a figure."""

    src: Annotated[str, "Address relative to the page."]
    width: Annotated[str, "In CSS pixels; empty where it is not known."]
    height: Annotated[str, "In CSS pixels; empty where it is not known."]
    alt: Annotated[str, "The finding, with numbers."]
    shown: Annotated[str, "`wide`, `middle`, `small` for the widths of one chart, empty for a picture that stands alone."] = ""
    spec: Annotated[str, "Address of the chart's script data, relative to the page, for scripts; or empty."] = ""


class Figure(NamedTuple):
    """A chart or image with what it shows."""

    id: Annotated[str, "Unique on the page."]
    heading: Annotated[str, "Its name, or the finding where a rule can prove one."]
    caption: Annotated[Text, "What is plotted."]
    pictures: Annotated[tuple[Picture, ...], "One file, or one per width."]
    links: Annotated[tuple[Link, ...], "The data behind it."] = ()
    problem: Annotated[str, "Why it cannot be shown; empty if it can."] = ""
    kind: Annotated[str, "`wide` where it takes the page's width, `half` where it takes two places in a row."] = ""


class ChainStep(NamedTuple):
    """A step of a lineage chain, from data to deployment."""

    label: Annotated[Text, "Job and number."]
    date: Annotated[str, "When, or empty."]
    datetime: Annotated[str, "The same, machine-readable."]
    text: Annotated[Text, "What it made or did."]
    detail: Annotated[str, "A digest or a reason, in a second line."] = ""
    here: Annotated[bool, "This page."] = False
    result: Annotated[Result | None, "How it ended, where that is known."] = None


class Empty(NamedTuple):
    """What stands where there is nothing: what is missing, why, and what to do."""

    lead: Annotated[str, "What is missing."]
    text: Annotated[Text, "Why, and where the last one is."] = ()
    code: Annotated[str, "Lines to type or configure; or empty."] = ""


class Strip(NamedTuple):
    """Results of builds side by side, oldest left."""

    bars: Annotated[tuple[tuple[str, str], ...], "Per build: its place as a percentage, and its kind as in `Result`."]
    width: Annotated[str, "Width of one bar as a percentage."]
    alt: Annotated[str, "The counts in words."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrome:
    """The frame around a page. Nothing in it depends on when the site was built, so that old pages stay as they are."""

    site: Annotated[str, "Name of the site."]
    title: Annotated[str, "Title of the document, unique in the site."]
    root: Annotated[str, "What leads from the page to the top of the version: empty or `../` as often as needed."]
    path: Annotated[str, "Path of the page in the version."]
    nav: Annotated[tuple[NavItem, ...], "Sections in the header."]
    crumbs: Annotated[tuple[Link, ...], "Pages above this one, the overview first; empty on the overview."]
    here: Annotated[str, "Last crumb: this page."]
    data: Annotated[str, "Prefix of the exports: address of `data/`."]
    description: Annotated[str, "One line for search engines and link previews: the verdict without marks."] = ""
    canonical: Annotated[str, "Address of the newest version of the page; empty without `site.url`."] = ""
    as_of: Annotated[str, "Data as of, on pages that are made anew in every version; empty on pages of the past."] = ""
    as_of_time: Annotated[str, "The same, machine-readable."] = ""
    version: Annotated[str, "Version id, on pages that are made anew in every version; else empty."] = ""
    generator: Annotated[str, "Name and version of the program."] = "reportgen"
    footer: Annotated[Text, "More for the footer: store state on live pages, when the build was last read on run pages."] = ()
    kind: Annotated[str, "Kind of the page, for scripts and styles: `run`, `job`, `leaderboard`, `overview`."] = ""
