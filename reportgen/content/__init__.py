"""The team's pages and the notes of runs: Markdown in, safe HTML out.

Two parsers on purpose. Pages in ``content/`` are written by the team, with tables, admonitions and numbers that are looked up;
they are read by Python-Markdown. Notes come out of builds, so anybody who can run a build writes them; they are read by a
parser whose time is bounded. Everything either of them makes goes through an allow-list of elements and attributes.
"""

from reportgen.content.descriptions import description_text, render_description
from reportgen.content.directives import Call
from reportgen.content.notes import Note, NoteLimits, render_note
from reportgen.content.pages import (
    ContentFile,
    ContentPage,
    ContentSource,
    NavEntry,
    Part,
    Resolver,
    Unresolved,
    load_content,
    navigation,
    read_page,
    read_pages,
    resolve,
)
from reportgen.content.plain import visible

__all__ = [
    "Call",
    "ContentFile",
    "ContentPage",
    "ContentSource",
    "NavEntry",
    "Note",
    "NoteLimits",
    "Part",
    "Resolver",
    "Unresolved",
    "description_text",
    "load_content",
    "navigation",
    "read_page",
    "read_pages",
    "render_description",
    "render_note",
    "resolve",
    "visible",
]
