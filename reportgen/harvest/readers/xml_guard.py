"""XML from strangers, read as a stream of events: no DTD of its own, no entities, no depth that costs more than reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
from defusedxml.expatreader import DefusedExpatParser

MOST_DEPTH = 200
MOST_ELEMENTS = 500_000
LONGEST_ATTRIBUTE = 1_000_000
_CHUNK = 1 << 16

Attributes = dict[str, str]


class BadXml(ValueError):
    """The bytes are no XML that is read; the message says why."""


def parse(
    content: bytes,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _name: None,
    text: Callable[[str], None] = lambda _text: None,
    public_dtd: str | None = None,
    longest_attribute: int = LONGEST_ATTRIBUTE,
) -> None:
    """Call `start`, `end` and `text` for the elements of a document, in order; raise BadXml for what is not read.

    A document type is refused, unless it does no more than name a public identifier that begins with `public_dtd`: many drawing
    programs name that of SVG, and nothing is loaded for it.
    """
    parser, handler = _Parser(public_dtd), _Handler(start, end, text, longest_attribute)
    parser.setContentHandler(handler)
    try:
        for begin in range(0, len(content), _CHUNK):
            parser.feed(content[begin : begin + _CHUNK])
        parser.close()
        if not handler.elements:
            raise BadXml("no XML: there is no element")
    except DTDForbidden:
        raise BadXml("a document type definition (DTD) is not read") from None
    except (EntitiesForbidden, ExternalReferenceForbidden):
        raise BadXml("entities are not read") from None
    except SAXParseException as problem:
        raise BadXml(f"no XML: {problem.getMessage()} in line {problem.getLineNumber()}") from None
    except (SAXException, UnicodeError, LookupError) as problem:
        raise BadXml(f"no XML: {problem}") from None


class _Parser(DefusedExpatParser):
    def __init__(self, public_dtd: str | None) -> None:
        self._public_dtd = public_dtd
        super().__init__(forbid_dtd=True, forbid_entities=True, forbid_external=True)

    def reset(self) -> None:
        super().reset()
        # else expat would ask for the DTD itself
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)  # type: ignore[attr-defined]

    def defused_start_doctype_decl(self, name: str, sysid: str | None, pubid: str | None, has_internal_subset: Any) -> None:
        if has_internal_subset or self._public_dtd is None or not (pubid or "").startswith(self._public_dtd):
            raise DTDForbidden(name, sysid, pubid)


class _Handler(ContentHandler):
    def __init__(
        self, start: Callable[[str, Attributes], None], end: Callable[[str], None], text: Callable[[str], None], longest: int
    ) -> None:
        super().__init__()
        self._start, self._end, self._text, self._longest = start, end, text, longest
        self._depth = self.elements = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name SAX calls
        self._depth += 1
        self.elements += 1
        if self._depth > MOST_DEPTH:
            raise BadXml(f"nested deeper than {MOST_DEPTH} elements")
        if self.elements > MOST_ELEMENTS:
            raise BadXml(f"more than {MOST_ELEMENTS:,} elements")
        attributes = dict(attrs.items())
        if any(len(value) > self._longest for value in attributes.values()):
            raise BadXml(f"an attribute is longer than {self._longest:,} characters")
        self._start(name, attributes)

    def endElement(self, name: str) -> None:  # noqa: N802 - the name SAX calls
        self._depth -= 1
        self._end(name)

    def characters(self, content: str) -> None:
        self._text(content)
