"""What is taken for a secret, and what is not."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.redact import VALUE_RULES, Redactor

PLAIN = Redactor()
BODY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fX3hJ6"

SECRETS = {
    "private-key": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "aws-access-key": "AKIA" + "QWERTYUIOPASDF23",
    "github-token": "ghp_" + BODY,
    "gitlab-token": "glpat-" + BODY[:20],
    "slack-token": "xoxb-" + "123456789012-abcdef",
    "google-api-key": "AIza" + BODY[:35],
    "openai-key": "sk-proj-" + BODY,
    "stripe-key": "sk_live_" + BODY[:24],
    "huggingface-token": "hf_" + BODY[:34],
    "npm-token": "npm_" + BODY,
    "pypi-token": "pypi-AgE" + BODY * 2,
    "azure-key": "AccountKey=" + BODY + "==",
    "jwt": "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "jenkins-token": "11" + "0123456789abcdef" * 2,
    "url-password": "https://robot:hunter22@git.example.com/x",
    "authorization": "Authorization: Bearer " + BODY,
    "option": "deploy --api-token hunter22 --host db",
    "assignment": "mysql --password=hunter22 -h db",
}


def test_every_rule_has_its_example():
    assert set(SECRETS) == set(VALUE_RULES)


@pytest.mark.parametrize("rule", sorted(SECRETS))
def test_a_secret_in_text_is_masked_and_named_by_its_rule(rule):
    secret = SECRETS[rule]
    clean, findings = PLAIN.text(f"before {secret} after")
    assert rule in {finding.rule for finding in findings}
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert f"[redacted: {rule}]" in clean
    for part in (BODY[:20], "hunter22", "QWERTYUIOPASDF23", "0123456789abcdef"):
        assert part not in clean


@pytest.mark.parametrize(
    ("words", "clean"),
    [
        ("fit --token=hunter22 -n 3", "fit --token=[redacted: option] -n 3"),
        ("fit --hub-token='hunter22'", "fit --hub-token='[redacted: option]'"),
        ("fit --password=hunter22", "fit --password=[redacted: assignment]"),
        ("fit --max-tokens=5120 --eos-token=</s> --tokenizer=bpe", "fit --max-tokens=5120 --eos-token=</s> --tokenizer=bpe"),
    ],
)
def test_options_of_commands_are_masked_in_both_spellings_once(words, clean):
    found = PLAIN.text(words)
    assert found.value == clean
    assert len(found.findings) == clean.count("[redacted")


@pytest.mark.parametrize(
    "name",
    ["password", "db_password", "DB_PASSWORD", "dbPassword", "MYSQL_PWD", "api_key", "apiKey", "API-KEY", "accessToken",
     "hf_token",
     "client_secret", "secret_key", "private_key", "train/aws_secret_access_key",
     "passphrase", "credentials", "token"],
)  # fmt: skip
def test_names_of_secrets(name):
    found = PLAIN.param(name, "anything at all")
    assert found.value == "[redacted: name]"
    assert found.findings[0].rule == "name"


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_tokens", 512), ("n_tokens", "12"), ("tokenizer", "bpe"), ("eos_token", "</s>"), ("pad_token", "<pad>"), ("token", 7),
     ("use_password", True), ("password", None), ("password", ""), ("key", "id"), ("primary_key", "id"), ("keyboard", "x"),
     ("learning_rate", 0.1), ("url", "https://example.com/a@b"), ("commit", "11" + "a" * 38), ("sha256", "1" * 64),
     ("secretary", "x"), ("formula", "y = ax + b"), ("class_weight", "balanced"),
     ("command", "train --max-tokens 5120 --pad-token-id 50256 --pad-token <pad> --epochs 10")],
)  # fmt: skip
def test_what_is_no_secret_stays(name, value):
    assert PLAIN.param(name, value) == (value, ())


def test_lists_and_dictionaries_are_looked_into():
    found = PLAIN.param("hosts", [{"user": "u", "password": "p"}, SECRETS["github-token"]])
    assert found.value == [{"user": "u", "password": "[redacted: name]"}, "[redacted: github-token]"]
    assert {finding.rule for finding in found.findings} == {"name", "github-token"}


def test_configured_names_and_exceptions():
    chosen = Redactor(names=["Licence"], allow=["token", "url-password"])
    assert chosen.param("licence", "abc").findings
    assert chosen.param("token", "abc") == ("abc", ())
    assert chosen.param("address", SECRETS["url-password"]).value == SECRETS["url-password"]
    assert "Licence" not in repr(chosen)
    single = Redactor(names="Licence", allow="token")
    assert single.param("licence", "abc").findings
    assert single.param("token", "abc") == single.param("l", "abc") == ("abc", ())


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30), st.text(max_size=20))
def test_known_secrets_are_found_in_every_form(secret, around):
    chosen = Redactor(known=[secret])
    for form in (secret, base64.b64encode(secret.encode()).decode(), quote(secret, safe="")):
        clean, findings = chosen.text(f"{around}«{form}»{around}")
        assert f"«{form}»" not in clean
        assert findings


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text):
    once = PLAIN.text(text).value
    assert PLAIN.text(once).value == once


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_findings_never_hold_the_text(text):
    _, findings = PLAIN.text(f"{SECRETS['github-token']} {text}")
    assert all(BODY not in str(finding) for finding in findings)


def test_a_megabyte_without_secrets_is_quick():
    import time

    text = "ordinary words = 11 and more, " * 35_000
    started = time.perf_counter()
    assert PLAIN.text(text) == (text, ())
    assert time.perf_counter() - started < 2.0
