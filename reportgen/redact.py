"""What is taken for a secret, and kept from being written: one set of rules for the stage and for the harvester.

A param, tag or build parameter is a secret by its name (``db_password``, ``API_KEY``, ``accessToken``) or by its value;
free text is searched for values alone. Values are found by anchors that their issuers gave them (``ghp_``, ``AKIA``,
``-----BEGIN … PRIVATE KEY-----``, ``user:password@`` in an address …), never by how random they look. What is found is
named by the id of its rule; the text itself is kept nowhere.

Standard library only, and quick where there is nothing to find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

MASK = "[redacted: {rule}]"

_STRONG = frozenset({"password", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "credential", "credentials"})
_KEY_OWNERS = frozenset(
    {"api", "access", "private", "secret", "encryption", "signing", "ssh", "auth", "account", "service", "license"}
)
_NOT_SECRET_TOKENS = frozenset({
    "eos", "bos", "pad", "sep", "cls", "mask", "unk", "special", "stop", "start", "end", "max", "min", "num", "n", "per",
    "first", "last", "next", "image", "prompt", "decoder", "forced", "begin", "suppress", "additional",
})  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class _Rule(NamedTuple):
    """A value rule: `anchors` are tried first, as plain text; group 1 of the pattern, where it has one, is what is masked."""

    anchors: tuple[str, ...]
    pattern: str


VALUE_RULES: Mapping[str, _Rule] = {
    "private-key": _Rule(
        ("PRIVATE KEY",), r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)"
    ),
    "aws-access-key": _Rule(("AKIA", "ASIA", "ABIA", "ACCA"), r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    "github-token": _Rule(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
    ),
    "gitlab-token": _Rule(("glpat-", "gldt-", "glrt-", "glptt-"), r"\bgl(?:pat|dt|rt|ptt)-[A-Za-z0-9_.-]{20,300}"),
    "slack-token": _Rule(
        ("xox", "xapp-", "hooks.slack.com"),
        r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250}|hooks\.slack\.com/services/[A-Za-z0-9/]{20,100})",
    ),
    "google-api-key": _Rule(("AIza",), r"\bAIza[0-9A-Za-z_-]{35}"),
    "openai-key": _Rule(("sk-",), r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,250}"),
    "stripe-key": _Rule(("k_live_", "k_test_"), r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,250}"),
    "huggingface-token": _Rule(("hf_",), r"\bhf_[A-Za-z0-9]{30,100}"),
    "npm-token": _Rule(("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    "pypi-token": _Rule(("pypi-AgE",), r"\bpypi-AgE[A-Za-z0-9_-]{40,300}"),
    "azure-key": _Rule(("AccountKey=", "SharedAccessKey="), r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/=]{30,120})"),
    "jwt": _Rule(("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    "jenkins-token": _Rule(("11",), r"11(?<![0-9A-Za-z]11)[0-9a-f]{32}(?![0-9A-Za-z])"),
    "url-password": _Rule(("://",), r"://[^\s/@:\"'<>]{0,200}:([^\s/@\"'<>]{1,500})@"),
    "authorization": _Rule(
        ("uthorization",), r"(?i:authorization)[\"']?\s*[:=]\s*[\"']?(?:Basic|Bearer|[Tt]oken)\s+([^\s\"']{6,})"
    ),
    "assignment": _Rule(
        ("=",),
        r"(?i)(?:^|[\s?&;,{\"'(-])[\w.-]{0,40}?(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key"
        r"|(?:auth|access|api|refresh|bearer)[_-]?token)=[\"']?([^\s\"'&,;]{4,500})",
    ),
    "option": _Rule(
        ("--",),
        r"(?i)--(?!(?:eos|bos|pad|sep|cls|mask|unk|image|prompt)[-_])[\w-]{0,40}?(?:password|passwd|passphrase|secret|token"
        r"|api[_-]?key|access[_-]?key)[\s,=]+[\"']*((?!\[redacted:)[^\s\"'-][^\s\"']{3,500})",
    ),
}


SHORTEST = 6
"""No value rule matches fewer characters."""

_NARROWED = {"11": "11[0-9a-f]{32}"}
"""Patterns instead of anchors that most files of numbers hold."""

_ANCHORS = tuple((anchor, rule) for rule, (anchors, _) in VALUE_RULES.items() for anchor in anchors)


class Finding(NamedTuple):
    """That something was redacted: by which rule (``name``, ``known`` or a key of `VALUE_RULES`), and where."""

    rule: str
    where: str = ""


class Redacted(NamedTuple):
    """What may be written, and what had to go."""

    value: Any
    findings: tuple[Finding, ...] = ()


class Redactor:
    """Applies the rules.

    `names` are further names of params that are secrets, `allow` names or rule ids that are never taken for one (both in any
    spelling of case); `known` are secrets themselves, found in text as they are and in the encodings they travel in.
    """

    def __init__(self, names: Iterable[str] = (), allow: Iterable[str] = (), known: Iterable[str] = ()) -> None:
        self._names = frozenset(name.casefold() for name in ([names] if isinstance(names, str) else names))
        self._allow = frozenset(name.casefold() for name in ([allow] if isinstance(allow, str) else allow))
        self._known = sorted({form for secret in known if len(secret) >= 4 for form in _forms(secret)}, key=len, reverse=True)
        self._anchor = _any_of(frozenset(self._known))

    def __repr__(self) -> str:
        return f"Redactor({len(self._names)} names, {len(self._allow)} allowed, {len(self._known)} known)"

    def param(self, name: str, value: Any) -> Redacted:
        """Return the value of a param, tag or build parameter, or a mask in its place; lists and dictionaries item by item."""
        if value is None or isinstance(value, bool) or (self._allow and name.casefold() in self._allow):
            return Redacted(value)
        if self.is_secret_name(name, value):
            return Redacted(MASK.format(rule="name"), (Finding("name", name),))
        if isinstance(value, str):
            clean, findings = self.text(value)
            return Redacted(clean, tuple(Finding(finding.rule, name) for finding in findings)) if findings else Redacted(value)
        if isinstance(value, (int, float)):
            return Redacted(value)
        if isinstance(value, Mapping):
            parts = {key: self.param(str(key), item) for key, item in value.items()}
            return Redacted({key: part.value for key, part in parts.items()}, _joined(parts.values(), name))
        if isinstance(value, (list, tuple)):
            items = [self.param(name, item) for item in value]
            return Redacted([item.value for item in items], _joined(items, name))
        return Redacted(value)

    def is_secret_name(self, name: str, value: Any = "x") -> bool:
        """Tell whether a value under this name is a secret: any text does for most names, a number only for a password."""
        if not isinstance(value, (str, int, float, bytes)) or value == "":
            return False
        if self._allow and name.casefold() in self._allow:
            return False
        if self._names and name.casefold() in self._names:
            return True
        if "name" in self._allow:
            return False
        kind = _kind_of_name(name)
        return kind == "strong" or (kind == "weak" and isinstance(value, (str, bytes)))

    def text(self, value: str) -> Redacted:
        """Return free text with every secret in it masked."""
        if self._anchor.search(value) is None:
            return Redacted(value)
        if len(value) < SHORTEST and not self._known:
            return Redacted(value)
        findings: list[Finding] = []
        for form in self._known:
            if form in value:
                value = value.replace(form, MASK.format(rule="known"))
                findings.append(Finding("known"))
        for rule in dict.fromkeys([rule for anchor, rule in _ANCHORS if anchor in value]):
            if rule not in self._allow:
                value, times = _pattern(rule).subn(lambda match, rule=rule: _masked(match, rule), value)  # type: ignore[misc]
                findings.extend([Finding(rule)] * times)
        return Redacted(value, tuple(findings))


def _masked(match: re.Match[str], rule: str) -> str:
    mask = MASK.format(rule=rule)
    if not match.re.groups:
        return mask
    if match[1].startswith("[redacted:"):
        return match[0]
    start, stop = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + mask + match[0][stop:]


@lru_cache(maxsize=4)
def _any_of(known: frozenset[str]) -> re.Pattern[str]:
    """Return what finds the first anchor of a rule, or secret, in a text."""
    anchors = sorted({*known, *(anchor for anchor, _ in _ANCHORS)})
    return re.compile("|".join(_NARROWED.get(anchor) or re.escape(anchor) for anchor in anchors))


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(VALUE_RULES[rule].pattern)


@cache
def _kind_of_name(name: str) -> str:
    words = [word.lower() for word in _WORDS.findall(name.rpartition("/")[2])]
    if not words:
        return ""
    joined = "".join(words)
    if not _STRONG.isdisjoint(words) or joined in _STRONG or joined.endswith(("password", "passwd", "passphrase")):
        return "strong"
    before = words[-2] if len(words) > 1 else ""
    if words[-1] == "token" and before not in _NOT_SECRET_TOKENS:
        return "weak"
    if (words[-1] == "key" and before in _KEY_OWNERS) or words[-1] in {"apikey", "accesskey", "privatekey", "authorization"}:
        return "weak"
    return "weak" if joined.endswith(("apitoken", "accesstoken", "authtoken")) else ""


def _joined(parts: Iterable[Redacted], where: str) -> tuple[Finding, ...]:
    return tuple(Finding(finding.rule, where) for part in parts for finding in part.findings)


def _forms(secret: str) -> set[str]:
    """Return the secret as it may stand in text: itself, in Base64, percent-encoded, in JSON."""
    import base64
    import json
    from urllib.parse import quote, quote_plus

    raw = secret.encode("utf-8", "backslashreplace")
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        forms |= {encoded, encoded.rstrip("=")}
    return {form for form in forms if len(form) >= 4}
