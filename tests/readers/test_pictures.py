"""Pictures: real ones are measured by their headers, doubtful ones are refused (bombs and tricks of the bad-input corpus)."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.harvest.readers.images import BadImage, Picture, inspect_picture
from tests.readers.reading import fixture, limits, read, read_one, reason

PICTURES = fixture("pictures")


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def svg(inside: str = "", attributes: str = 'width="10" height="20"', before: str = "") -> bytes:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


class TestRealPictures:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("picture.jpg", Picture("jpeg", 7, 5)),
            ("picture.progressive.jpg", Picture("jpeg", 7, 5)),
            ("picture.gif", Picture("gif", 7, 5)),
            ("animated.gif", Picture("gif", 7, 5)),
            ("picture.webp", Picture("webp", 7, 5)),
            ("picture.lossy.webp", Picture("webp", 7, 5)),
            ("alpha.webp", Picture("webp", 7, 5)),
            ("plot.png", Picture("png", 40, 40)),
            ("plot.svg", Picture("svg", 72, 72)),
        ],
    )
    def test_headers_tell_format_and_size(self, name: str, expected: Picture) -> None:
        assert inspect_picture(PICTURES[name], limits()) == expected
        (figure,) = read_one(f"out/{name}", PICTURES[name]).attachments
        assert (figure.kind, figure.format, figure.label, figure.state) == ("figure", expected.format, name, "stored")

    @pytest.mark.parametrize("name", sorted(PICTURES))
    def test_a_cut_off_picture_is_refused(self, name: str) -> None:
        content = PICTURES[name]
        for length in (0, 1, 8, 20, len(content) // 2, len(content) - 3):
            with pytest.raises(BadImage):
                inspect_picture(content[:length], limits())

    def test_a_name_that_says_something_else(self) -> None:
        assert "the file is a PNG" in reason(read_one("x.jpg", PICTURES["plot.png"]))
        assert reason(read_one("x.png", b"<html>")).startswith("no picture")


class TestBombs:
    @pytest.mark.parametrize(("width", "height"), [(12_000, 12_000), (30_000, 30_000), (2**31 - 1, 1)])
    def test_too_many_pixels(self, width: int, height: int) -> None:
        assert "over the limit" in reason(read_one("x.png", png(width, height)))

    def test_too_many_bytes(self) -> None:
        assert "bytes are over the limit" in reason(read_one("x.png", PICTURES["plot.png"], image=100))

    def test_ten_thousand_frames(self) -> None:
        head, tail = PICTURES["picture.gif"][:13], b";"
        frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 7, 5, 0) + b"\x02\x01\x00\x00"
        flags = head[10]
        table = b"\0" * (3 << ((flags & 7) + 1)) if flags & 0x80 else b""
        assert "more than 200 pictures" in reason(read_one("x.gif", head + table + frame * 10_000 + tail))

    def test_a_packed_text_is_never_unpacked(self) -> None:
        bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 50_000_000, 9))
        assert inspect_picture(png(5, 5, bomb), limits()) == Picture("png", 5, 5)

    def test_bytes_behind_the_end(self) -> None:
        for name in ("plot.png", "picture.jpg", "picture.gif", "picture.webp"):
            polyglot = PICTURES[name] + b"<script>alert(1)</script>"
            assert "behind the end of the picture" in reason(read_one(name, polyglot))

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from([name for name in PICTURES if not name.endswith("svg")]), st.data())
    def test_no_damage_raises_anything_else(self, name: str, data: st.DataObject) -> None:
        content = bytearray(PICTURES[name])
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        read_one(name, bytes(content))


class TestSvg:
    @pytest.mark.parametrize(
        ("attributes", "size"),
        [
            ('width="10px" height="20"', (10, 20)),
            ('viewBox="0 0 30 40"', (30, 40)),
            ('width="100%" viewBox="0,0,5,6"', (5, 6)),
            ("", (0, 0)),
        ],
    )
    def test_size(self, attributes: str, size: tuple[int, int]) -> None:
        assert inspect_picture(svg(attributes=attributes), limits())[1:] == size

    @pytest.mark.parametrize(
        "inside",
        [
            '<circle r="1" fill="url(#g)"/>',
            '<use href="#a"/>',
            "<style>.a{fill:url(#b)}</style>",
            '<image href="data:image/png;base64,AAAA"/>',
            '<a href="https://example.org/"><text>x</text></a>',
            "<text>&lt;script&gt;alert(1)</text>",
        ],
    )
    def test_harmless(self, inside: str) -> None:
        assert inspect_picture(svg(inside), limits()).format == "svg"

    @pytest.mark.parametrize(
        "inside",
        [
            "<script>alert(1)</script>",
            "<SCRIPT/>",
            '<x:script xmlns:x="http://www.w3.org/2000/svg"/>',
            "<foreignObject><p/></foreignObject>",
            '<circle onload="alert(1)"/>',
            '<circle ONCLICK="alert(1)"/>',
            '<use href="http://example.org/x.svg#a"/>',
            '<image href="http://169.254.169.254/"/>',
            '<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="file:///etc/passwd"/>',
            '<image href="data:image/svg+xml;base64,AAAA"/>',
            '<feImage href="//example.org/a.png"/>',
            '<a href="javascript:alert(1)"/>',
            '<a href="java&#10;script:alert(1)"/>',
            '<a><set attributeName="href" to="javascript:alert(1)"/></a>',
            '<animate attributeName="href" values="javascript:alert(1)"/>',
            '<circle style="fill:url(http://example.org/x)"/>',
            "<circle fill=\"url( '//example.org/x#a')\"/>",
            "<style>@import url(//example.org/x.css);</style>",
            "<style>.a{background:url(https://example.org/x)}</style>",
            "<style>.a{background:\\75rl(https://example.org/x)}</style>",
            '<iframe srcdoc="x"/>',
        ],
    )
    def test_what_could_run_or_load(self, inside: str) -> None:
        assert reason(read_one("x.svg", svg(inside)))

    @pytest.mark.parametrize(
        "before",
        [
            '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE svg SYSTEM "http://example.org/evil.dtd">',
            '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [<!ATTLIST svg onload CDATA "alert(1)">]>',
            '<!DOCTYPE svg PUBLIC "-//EVIL//DTD" "http://example.org/evil.dtd">',
        ],
    )
    def test_document_types(self, before: str) -> None:
        assert "DTD" in reason(read_one("x.svg", svg(before=before)))

    def test_a_style_sheet_of_its_own(self) -> None:
        sheet = '<?xml-stylesheet href="http://example.org/x.css"?>'
        assert "style sheet" in reason(read_one("x.svg", svg(before='<?xml version="1.0"?>' + sheet)))

    def test_depth_is_bounded(self) -> None:
        deep = svg("<g>" * 100_000 + "</g>" * 100_000)
        assert "nested deeper" in reason(read_one("x.svg", deep))

    def test_other_xml_is_no_picture(self) -> None:
        assert "begins with <html>" in reason(read_one("x.svg", b"<?xml version='1.0'?><html/>"))


class TestLoggedPictures:
    def record(self, name: str, form: str, content: bytes) -> dict[str, bytes]:
        home = "reportgen-results/train-0123abcd/"
        events: list[dict[str, object]] = [
            {"v": 1, "id": "a-1", "t": "2026-01-01T00:00:00Z", "kind": "run", "name": "train"},
            {
                "v": 1,
                "id": "a-2",
                "t": "2026-01-01T00:00:00Z",
                "kind": "figure",
                "name": "f",
                "file": f"files/{name}",
                "format": form,
            },
        ]
        return {
            home + "events.jsonl": "".join(json.dumps(event) + "\n" for event in events).encode(),
            f"{home}files/{name}": content,
        }

    @pytest.mark.parametrize(
        ("name", "form", "content", "said"),
        [
            ("f.svg", "svg", svg("<script>alert(1)</script>"), "script"),
            ("f.png", "png", png(12_000, 12_000), "over the limit"),
            ("f.png", "png", svg(), "the file is a SVG"),
            ("f.html", "html", PICTURES["plot.png"], "the file is a PNG"),
        ],
    )
    def test_a_doubtful_one_is_refused_and_the_run_is_kept(self, name: str, form: str, content: bytes, said: str) -> None:
        result = read(self.record(name, form, content))["record"]
        (figure,) = result.runs[0].attachments
        assert figure.state == "refused"
        assert said in (figure.reason or "")
        assert [problem.reason for problem in result.problems] == [figure.reason]

    @pytest.mark.parametrize(
        ("name", "form"), [("plot.png", "png"), ("picture.jpg", "jpg"), ("picture.jpg", "jpeg"), ("plot.svg", "svg")]
    )
    def test_a_real_one_is_shown(self, name: str, form: str) -> None:
        result = read(self.record(name, form, PICTURES[name]))["record"]
        assert [figure.state for figure in result.runs[0].attachments] == ["stored"]
        assert not result.problems

    def test_pictures_mlflow_kept_are_looked_at_too(self) -> None:
        files = fixture("mlflow")
        home = next(path for path in files if path.endswith("artifacts/folds.csv")).removesuffix("folds.csv")
        files[home + "bad.svg"] = svg("<script/>")
        result = read(files)["mlflow"]
        states = {attachment.label: attachment.state for run in result.runs for attachment in run.attachments}
        assert states == {"folds.csv": "stored", "bad.svg": "refused"}
        assert len(result.problems) == 1
