from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config import Config, load_config, parse_config, parse_direction, parse_size, reference
from reportgen.errors import ConfigError

HERE = Path("reportgen.toml")
SMALLEST = '[jenkins]\nurl = "https://ci.example.com/jenkins"\n[[jobs]]\nname = "churn/train-model"\n'


def problems(text: str) -> dict[str, tuple[str, str | None]]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, HERE)
    return {key: (what, hint) for key, what, hint in caught.value.problems}


def test_a_url_and_one_job_are_enough() -> None:
    config = parse_config(SMALLEST, HERE)
    assert config.jenkins is not None
    assert config.jenkins.url == "https://ci.example.com/jenkins/"
    assert [job.name for job in config.jobs] == ["churn/train-model"]
    assert config.site.output == Path("public")
    assert config.limits.json_ == 16_000_000


def test_everything_has_a_default() -> None:
    config = parse_config("", HERE)
    assert config.jenkins is None
    assert config.site.keep_versions == 10


def test_all_problems_at_once_with_keys_and_a_did_you_mean() -> None:
    found = problems(
        '[site]\nnmae = "x"\n[jenkins]\nurl = "ftp://x"\n[[jobs]]\nname = "a"\n[[jobs]]\nnam = "b"\n'
        '[metrics."val/f1"]\ndirection = "up"\n[leaderboards.b]\nmetric = "f1"\njobs = ["a"]\ncomparable_by = ["x"]\n'
    )
    assert found["site.nmae"] == ("unknown key", 'did you mean "name"?')
    assert "http" in found["jenkins.url"][0]
    assert found["jobs[2].name"][0] == "is required"
    assert "jobs[2].nam" in found
    assert "higher" in found['metrics."val/f1".direction'][0]
    assert "comparable" in found["leaderboards.b.comparable_by"][0]


@pytest.mark.parametrize("key", ["token", "user", "password"])
def test_credentials_in_the_file_are_an_error(key: str) -> None:
    found = problems(f'[jenkins]\nurl = "https://ci.example.com/"\n{key} = "s3cret-value"\n')
    what, hint = found[f"jenkins.{key}"]
    assert "credentials" in what
    assert "JENKINS_TOKEN" in (hint or "")
    assert "s3cret-value" not in what + (hint or "")


def test_credentials_in_the_address_are_an_error_and_are_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config('[jenkins]\nurl = "https://me:s3cret-value@ci.example.com/"\n', HERE)
    assert "s3cret-value" not in str(caught.value.message)


def test_gates_are_told_to_do_nothing() -> None:
    config = parse_config('[[gates]]\nmetric = "f1"\nmin = 0.7\n', HERE)
    assert len(config.notices) == 1
    assert "gates" in config.notices[0]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "reportgen.toml")
    assert "reportgen init" in (caught.value.hint or "")


def test_a_file_that_an_editor_gave_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "reportgen.toml").write_text('[site]\nname = "Modèles"\n', encoding="utf-8-sig")
    assert load_config(tmp_path / "reportgen.toml").site.name == "Modèles"


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "reportgen.toml"
    file.parent.mkdir()
    file.write_text(SMALLEST, "utf-8")
    config = load_config(file)
    assert config.store_path == tmp_path.resolve() / "sub" / ".reportgen"
    assert config.output_path == tmp_path.resolve() / "sub" / "public"


def test_the_first_entry_that_matches_a_job_holds() -> None:
    config = parse_config(
        '[[jobs]]\nname = "churn/train"\nstage = "one"\n'
        '[[jobs]]\nname = "churn"\nexclude = ["churn/scratch-*"]\nstage = "two"\n',
        HERE,
    )
    assert config.job("churn/train").stage == "one"  # type: ignore[union-attr]
    assert config.job("churn/deep/er").stage == "two"  # type: ignore[union-attr]
    assert config.job("churn/scratch-1") is None
    assert config.job("other") is None


@pytest.mark.parametrize(
    ("words", "size"),
    [(5, 5), ("50 MB", 50_000_000), ("1 GB", 10**9), ("256 kB", 256_000), ("64 KiB", 65536), ("1.5 MB", 1_500_000)],
)
def test_sizes(words: object, size: int) -> None:
    assert parse_size(words) == size


@pytest.mark.parametrize("words", ["", "MB", "-1", -1, True, None, "5 parsecs"])
def test_what_is_no_size(words: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(words)


@pytest.mark.parametrize(
    ("said", "meant"), [("maximize", "higher"), ("lower", "lower"), ("Minimize", "lower"), ("none", "none")]
)
def test_directions(said: str, meant: str) -> None:
    assert parse_direction(said) == meant


@given(st.text(max_size=60))
def test_any_text_gives_a_configuration_or_a_config_error(text: str) -> None:
    try:
        config = parse_config(text, HERE)
    except ConfigError:
        return
    assert isinstance(config, Config)


def test_every_key_is_described() -> None:
    for heading, section in reference().items():
        assert section.__doc__, heading
        for name, field in section.model_fields.items():
            assert field.description, f"{heading} {name}"
