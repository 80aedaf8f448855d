"""Jupyter notebooks: what their cells put out, as text and pictures. Code, HTML and widgets are left out; nothing is run."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reportgen.harvest.readers.images import BadImage, inspect_picture
from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size, join
from reportgen.harvest.strict import BadJson, clean_text, load_json
from reportgen.model import Attachment

LONGEST_OUTPUT = 20_000
MOST_PICTURES = 50
_PICTURES = {"image/png": "png", "image/jpeg": "jpg"}
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_notebooks(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return a note with the text outputs of each notebook, its pictures as figures, and the params papermill ran it with."""
    return join([_notebook(path, files[path], context) for path in sorted(files)])


def _notebook(path: str, content: bytes, context: ReadContext) -> ReadResult:
    try:
        check_size(content, context.limits.json_)
        value = load_json(content)
    except (BadJson, OverLimit) as problem:
        return ReadResult.quarantined(path, problem)
    if not isinstance(value, Mapping) or not isinstance(value.get("cells"), list):
        return ReadResult.quarantined(path, "no notebook of format 4: there is no list of cells")
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for number, output in _outputs(value["cells"]):
        picture = _picture(output, context)
        if picture is not None and len(pictures) < MOST_PICTURES:
            ending, shown = picture
            pictures[f"{path}!/cell-{number}-{len(pictures) + 1}.{ending}"] = shown
            continue
        text = _text(output)
        if text.strip():
            parts.append(_fenced(text))
    name = path.rsplit("/", 1)[-1]
    note = f"Output of `{name.replace('`', '')}`\n\n" + "\n\n".join(parts) if parts else ""
    if len(note.encode("utf-8")) > context.limits.markdown:
        note = (
            note.encode("utf-8")[: context.limits.markdown - 40].decode("utf-8", "ignore").rstrip("`\n") + "\n```\n\n(cut here)"
        )
    return ReadResult(
        params=_papermill(value),
        notes=(note,) if note else (),
        attachments=(_as_artifact(path, name), *(_figure(place) for place in pictures)),
        files=pictures,
    )


def _as_artifact(path: str, name: str) -> Attachment:
    return Attachment(kind="artifact", name=name, label=name, format="ipynb", path=path)


def _figure(path: str) -> Attachment:
    label = path.rsplit("/", 1)[-1]
    stem, _, ending = label.rpartition(".")
    return Attachment(kind="figure", name=stem, label=label, format={"jpg": "jpeg"}.get(ending, ending), path=path)


def _outputs(cells: list[Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, cell in enumerate(cells, start=1):
        outputs = cell.get("outputs") if isinstance(cell, Mapping) else None
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, Mapping):
                yield number, output


def _picture(output: Mapping[str, Any], context: ReadContext) -> tuple[str, bytes] | None:
    data = output.get("data")
    for kind, ending in _PICTURES.items():
        held = data.get(kind) if isinstance(data, Mapping) else None
        if not held:
            continue
        try:
            content = base64.b64decode(_joined(held), validate=False)
            inspect_picture(content, context.limits)
        except (binascii.Error, ValueError, BadImage):
            continue
        return ending, content
    return None


def _text(output: Mapping[str, Any]) -> str:
    """Return what an output says in plain text; of HTML, SVG and widgets nothing is taken."""
    match output.get("output_type"):
        case "stream":
            text = _joined(output.get("text"))
        case "error":
            trace = output.get("traceback")
            lines = [_joined(line) for line in trace] if isinstance(trace, list) else []
            text = "\n".join(lines) or f"{output.get('ename', '')}: {output.get('evalue', '')}"
        case _:
            data = output.get("data")
            text = _joined(data.get("text/plain")) if isinstance(data, Mapping) else ""
    text = clean_text(_ESCAPES.sub("", text)).rstrip()
    if len(text) > LONGEST_OUTPUT:
        return f"{text[:LONGEST_OUTPUT]}\n… (cut, {len(text):,} characters)"
    return text


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "".join(part for part in value if isinstance(part, str)) if isinstance(value, list) else ""


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _papermill(notebook: Mapping[str, Any]) -> dict[str, Any]:
    metadata = notebook.get("metadata")
    run = metadata.get("papermill") if isinstance(metadata, Mapping) else None
    given = run.get("parameters") if isinstance(run, Mapping) else None
    if not isinstance(given, Mapping):
        return {}
    return {
        clean_text(str(name))[:500]: clean_text(value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is None or isinstance(value, str | int | float | bool)
    }


NOTEBOOKS = Reader(name="notebook", matches=lambda path: path.lower().endswith(".ipynb"), read=read_notebooks)
