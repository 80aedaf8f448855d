import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.site.links import (
    BadReference,
    BuildAddress,
    Links,
    Reference,
    attachment_path,
    job_directories,
    parse_reference,
    pick_run,
    relative,
    run_directories,
)

START = datetime(2026, 11, 23, 2, tzinfo=UTC)


def mark(name: str) -> str:
    return "~" + sha256(name.encode()).hexdigest()[:6]


def test_a_plain_full_name_is_its_own_address():
    assert Links.of(["churn/train-model"], []).job("churn/train-model") == "jobs/churn/train-model/index.html"


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("a b/c", "a-b/c" + mark("a b/c")),
        ("ä/train", "-/train" + mark("ä/train")),
        ("churn/€€", "churn/--" + mark("churn/€€")),
        (".hidden/x", "-hidden/x" + mark(".hidden/x")),
        ("../x", "--/x" + mark("../x")),
        ("a~b", "a-b" + mark("a~b")),
        ("CON/x", "-CON/x" + mark("CON/x")),
        ("nul", "-nul" + mark("nul")),
        ("aux.txt", "-aux.txt" + mark("aux.txt")),
        ("console", "console"),
        ("index.html", "-index.html" + mark("index.html")),
        ("Index.html/x", "-Index.html/x" + mark("Index.html/x")),
        ("x/index.html", "x/index.html"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + mark("x" * 81)),
        ("a.b_c-D9", "a.b_c-D9"),
    ],
)
def test_every_rule_of_an_address(name, directory):
    assert job_directories([name]) == {name: directory}


def test_a_leaderboard_or_pipeline_called_like_the_page_that_lists_them_has_another_address():
    changed = "-index.html" + mark("index.html")
    assert Links().leaderboard("index.html") == f"leaderboards/{changed}/index.html"
    assert Links().pipeline("index.html") == f"pipelines/{changed}/index.html"


def test_of_names_equal_but_for_case_the_first_stored_keeps_its_directory():
    assert job_directories(["churn/Train", "churn/train"]) == {
        "churn/Train": "churn/Train",
        "churn/train": "churn/train" + mark("churn/train"),
    }
    assert job_directories(["churn/train", "churn/Train"])["churn/train"] == "churn/train"


def test_a_folder_that_replaced_a_job_does_not_hide_that_jobs_builds():
    directories = job_directories(["a", "a/5", "a/index.html", "a/b"])
    assert directories["a/5"] == "a/5" + mark("a/5")
    assert directories["a/index.html"] == "a/index.html" + mark("a/index.html")
    assert directories["a/b"] == "a/b"


names = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=100)


@given(st.lists(st.lists(names, min_size=1, max_size=3).map("/".join), max_size=12, unique=True))
def test_addresses_are_distinct_without_regard_to_case_and_safe(jobs):
    directories = job_directories(jobs)
    assert list(directories) == jobs
    assert len({directory.lower() for directory in directories.values()}) == len(jobs)
    for directory in directories.values():
        for part in directory.split("/"):
            assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(~[0-9a-f]{6})?", part)
            assert len(part) <= 87


def test_the_newest_incarnation_of_a_recreated_job_owns_the_number():
    old, middle, new = START - timedelta(days=400), START - timedelta(days=30), START
    links = Links.of(["j"], [BuildAddress("j", 5, middle), BuildAddress("j", 5, new), BuildAddress("j", 5, old)])
    assert links.build("j", 5) == links.build("j", 5, new) == "jobs/j/5/index.html"
    assert links.build("j", 5, middle) == "jobs/j/5~20261024/index.html"
    assert links.build("j", 5, old) == "jobs/j/5~20251019/index.html"


def test_two_incarnations_of_one_day_stay_apart():
    early, late = START - timedelta(hours=2), START - timedelta(hours=1)
    links = Links.of(["j"], [BuildAddress("j", 5, start) for start in (START, early, late)])
    assert len({links.build("j", 5, start) for start in (START, early, late)}) == 3


def test_runs_of_a_build_with_several_have_pages_below_it():
    runs = [("fold", "aaaaaaaa"), ("fold", "bbbbbbbb"), ("final", "cccccccc"), ("lr=0.1", "dddddddd")]
    links = Links.of(["j"], [BuildAddress("j", 7, START, runs)])
    assert links.run("j", 7, "fold", "bbbbbbbb", START) == "jobs/j/7/fold-bbbbbbbb/index.html"
    assert links.run("j", 7, "final", "cccccccc", START) == "jobs/j/7/final/index.html"
    assert links.run("j", 7, "final") == "jobs/j/7/final/index.html"
    assert links.run("j", 7, "lr=0.1") == f"jobs/j/7/lr-0.1{mark('lr=0.1')}/index.html"
    assert links.run("j", 8, "only", "eeeeeeee", START) == "jobs/j/8/index.html"


@given(st.lists(st.tuples(names, st.text("0123456789abcdef", min_size=8, max_size=8)), max_size=12, unique=True))
def test_run_directories_are_distinct(runs):
    directories = run_directories(runs)
    assert len({directory.lower() for directory in directories.values()}) == len(runs)
    assert not any(re.fullmatch(r"[0-9]+|index\.html", directory) for directory in directories.values())


paths = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/#\0"), min_size=1), min_size=1, max_size=5)


@given(paths, paths)
def test_a_relative_link_leads_where_it_should(here, there):
    from_path, to_path = "/".join(here), "/".join(there)
    if any(part in (".", "..") for part in [*here, *there]):
        return
    base = "http://x/v/" + "/".join("d" for _ in here[:-1])
    link = relative("/".join([*("d" for _ in here[:-1]), "p.html"]), to_path)
    assert unquote(urljoin(base + "/p.html" if here[1:] else "http://x/v/p.html", link)) == f"http://x/v/{to_path}"
    assert relative(from_path, from_path) != ""


def test_fragments_stay_fragments():
    assert relative("jobs/a/1/index.html", "jobs/a/2/index.html#metric-val/f1") == "../2/index.html#metric-val/f1"
    assert relative("jobs/a/1/index.html", "jobs/a/1/index.html#top") == "#top"
    assert relative("index.html", "jobs/a~1/index.html") == "jobs/a~1/index.html"
    assert relative("index.html", "a:b.html") == "a%3Ab.html"


def test_attachments_never_get_an_extension_a_browser_would_run():
    digest = "ab" * 32
    assert attachment_path(digest, "html") == f"files/ab/{digest}.bin"
    assert attachment_path(digest, "html", text=True) == f"files/ab/{digest}.txt"
    assert attachment_path(digest, ".JPEG") == f"files/ab/{digest}.jpg"
    assert attachment_path(digest, "csv") == f"files/ab/{digest}.csv"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("churn/train#53", Reference("churn/train", 53)),
        ("churn/train#53/seed=1/x", Reference("churn/train", 53, "seed=1/x")),
        ("a b#last", Reference("a b", None)),
    ],
)
def test_references_are_read_as_they_are_written(text, reference):
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["", "churn", "#5", "a#", "a#x", "a#-1", "a#5/", "a#5 x"])
def test_what_is_no_reference_says_how_to_write_one(text):
    with pytest.raises(BadReference, match="is not a run"):
        parse_reference(text)


def test_a_bare_reference_to_a_build_of_several_runs_lists_them():
    assert pick_run(parse_reference("a#5"), ["only"]) == "only"
    assert pick_run(parse_reference("a#5/x"), ["x", "y"]) == "x"
    with pytest.raises(BadReference, match="2 runs") as caught:
        pick_run(parse_reference("a#5"), ["x", "y"])
    assert caught.value.hint == "a#5/x, a#5/y"
    with pytest.raises(BadReference, match="no run 'z'"):
        pick_run(parse_reference("a#5/z"), ["x", "y"])
