"""The sample Jenkins answers as Jenkins does."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import FREESTYLE, MATRIX, MATRIX_CONFIGURATION, MULTIBRANCH, Controller, SampleBuild, SampleJob
from reportgen.demo.sample import load_sample, pack_sample
from tests.support.jenkins import START_MS, build, job, pipeline

LATIN = "é;1\n".encode("latin-1")
BIG = b'{"x": 1}\n' * 100


@pytest.fixture(scope="module")
def jenkins() -> Iterator[SampleJenkins]:
    many = {f"f{n}.txt": b"x" for n in range(21)}
    full = build(
        7,
        artifacts={"data/a b#?.csv": LATIN, "big.json": BIG, "model.pkl": bytes(range(256))},
        actions=({}, None, {"_class": "hudson.model.CauseAction", "causes": [{"_class": "X", "shortDescription": "hi"}]}),
        fingerprint=({"fileName": "model.pkl", "hash": "ab" * 16, "original": None, "usage": []},),
        console="one\ntwo\n",
        stages=({"id": "6", "name": "Train", "status": "SUCCESS"},),
        test_report={"_class": "hudson.tasks.junit.TestResult", "failCount": 1, "passCount": 2, "skipCount": 0, "suites": []},
    )
    controller = Controller(
        jobs=(
            pipeline(
                "churn/train",
                *(build(n) for n in range(8, 160)),
                full,
                build(6, artifacts=many),
                build(160, building=True, result=None),
            ),
            job("free", 1, 2, upstream=("churn/train",)),
            SampleJob(name="mb", class_name=MULTIBRANCH),
            pipeline("mb/feature%2Ffoo", build(1)),
            job("grid", 1, 2, kind=MATRIX),
            job("grid/seed=1", 1, kind=MATRIX_CONFIGURATION),
            job("secret/x", 1),
            job("peek", 1),
            job("broken", 1, builds=(SampleBuild(number=2, timestamp=START_MS, half_loaded=True),)),
        ),
        users={"ann": "t0ken"},
        hidden=frozenset({"secret"}),
        discoverable=frozenset({"peek"}),
        root_url="https://public.example.com/ci/",
    )
    with SampleJenkins(controller) as server:
        yield server


def get(jenkins: SampleJenkins, path: str, **options: object) -> requests.Response:
    return requests.get(jenkins.url + path, timeout=5, allow_redirects=False, **options)  # type: ignore[arg-type]


def test_builds_end_at_one_hundred_and_nothing_says_so(jenkins: SampleJenkins) -> None:
    answer = get(
        jenkins, "job/churn/job/train/api/json?tree=builds[number],allBuilds[number],firstBuild[number],nextBuildNumber"
    ).json()
    assert [each["number"] for each in answer["builds"]] == list(range(160, 60, -1))
    assert len(answer["allBuilds"]) == 155
    assert answer["firstBuild"]["number"] == 6
    assert answer["nextBuildNumber"] == 161
    assert get(jenkins, "job/churn/job/train/api/json?tree=builds[number]{100,200}").json()["builds"] == []


def test_every_answer_carries_the_marks_and_no_validators(jenkins: SampleJenkins) -> None:
    answer = get(jenkins, "api/json")
    assert answer.headers["X-Jenkins"]
    assert answer.headers["X-Jenkins-Session"]
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert "ETag" not in answer.headers
    assert "Last-Modified" not in answer.headers


def test_a_bad_tree_is_a_page_of_failure(jenkins: SampleJenkins) -> None:
    answer = get(jenkins, "api/json?tree=jobs[name")
    assert (answer.status_code, "Oops" in answer.text) == (500, True)


def test_classes_stand_where_the_runtime_type_differs(jenkins: SampleJenkins) -> None:
    answer = get(
        jenkins, "job/churn/job/train/7/api/json?tree=number,actions[causes[shortDescription]],artifacts[fileName]"
    ).json()
    assert answer["_class"].endswith("WorkflowRun")
    assert answer["actions"][:2] == [{}, None]
    assert set(answer["artifacts"][0]) == {"fileName"}


def test_display_paths_vanish_above_twenty_artifacts(jenkins: SampleJenkins) -> None:
    few = get(jenkins, "job/churn/job/train/7/api/json?tree=artifacts[*]").json()["artifacts"]
    many = get(jenkins, "job/churn/job/train/6/api/json?tree=artifacts[*]").json()["artifacts"]
    assert all(each["displayPath"] for each in few)
    assert {each["displayPath"] for each in many} == {None}


def test_links_come_from_the_configured_root_and_repeat_the_way_asked(jenkins: SampleJenkins) -> None:
    plain = get(jenkins, "job/free/1/api/json?tree=url").json()["url"]
    through = get(jenkins, "view/all/job/free/1/api/json?tree=url").json()["url"]
    assert plain == "https://public.example.com/ci/job/free/1/"
    assert through == "https://public.example.com/ci/view/all/job/free/1/"


def test_branches_have_encoded_names(jenkins: SampleJenkins) -> None:
    answer = get(jenkins, "job/mb/job/feature%252Ffoo/api/json?tree=fullName,url").json()
    assert answer["fullName"] == "mb/feature%2Ffoo"
    assert answer["url"].endswith("/job/mb/job/feature%252Ffoo/")
    assert get(jenkins, "job/mb/job/feature%2Ffoo/api/json").status_code == 200


def test_a_matrix_carries_runs_of_older_builds(jenkins: SampleJenkins) -> None:
    answer = get(jenkins, "job/grid/2/api/json?tree=number,runs[number,url]").json()
    assert [run["number"] for run in answer["runs"]] == [1]
    assert get(jenkins, "job/grid/seed=1/1/api/json").status_code == 200
    assert get(jenkins, "job/grid/job/seed=1/1/api/json").status_code == 200


def test_a_half_loaded_build_is_dropped_from_lists_and_fails_alone(jenkins: SampleJenkins) -> None:
    assert len(get(jenkins, "job/broken/api/json?tree=builds[number,result]").json()["builds"]) == 1
    assert get(jenkins, "job/broken/2/api/json?tree=result").status_code == 500


def test_permissions(jenkins: SampleJenkins) -> None:
    assert get(jenkins, "job/secret/job/x/api/json").status_code == 404
    assert get(jenkins, "job/peek/api/json").status_code == 403
    assert get(jenkins, "api/json", auth=("ann", "wrong")).status_code == 401
    assert get(jenkins, "api/json", auth=("ann", "t0ken")).status_code == 200
    names = {each["name"] for each in get(jenkins, "api/json?tree=jobs[name]").json()["jobs"]}
    assert names == {"churn", "free", "mb", "grid", "broken"}


def test_anonymous_is_sent_to_log_in() -> None:
    with SampleJenkins(Controller(users={"ann": "t"}, anonymous_read=False)) as server:
        answer = get(server, "api/json")
    assert answer.status_code == 403
    assert "/login" in answer.text
    assert answer.headers["X-You-Are-Authenticated-As"] == "anonymous"


def test_artifacts_have_their_headers(jenkins: SampleJenkins) -> None:
    text = get(jenkins, "job/churn/job/train/7/artifact/data/a%20b%23%3F.csv")
    model = get(jenkins, "job/churn/job/train/7/artifact/model.pkl")
    assert text.content == LATIN
    assert text.headers["Content-Type"] == "text/csv;charset=UTF-8"
    assert model.headers["Content-Type"] == "application/octet-stream"
    assert model.headers["Content-Length"] == "256"
    assert "default-src 'none'" in model.headers["Content-Security-Policy"]
    again = get(
        jenkins, "job/churn/job/train/7/artifact/model.pkl", headers={"If-Modified-Since": model.headers["Last-Modified"]}
    )
    assert again.status_code == 304


def test_artifacts_are_compressed_only_when_asked(jenkins: SampleJenkins) -> None:
    path = "job/churn/job/train/7/artifact/big.json"
    packed = get(jenkins, path, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert "Content-Length" not in packed.headers
    assert gzip.decompress(packed.raw.read(decode_content=False)) == BIG
    plain = get(jenkins, path, headers={"Accept-Encoding": "identity"})
    assert plain.headers["Content-Length"] == str(len(BIG))


def test_ranges_of_one_piece(jenkins: SampleJenkins) -> None:
    path = "job/churn/job/train/7/artifact/model.pkl"
    part = get(jenkins, path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["Content-Range"] == "bytes 10-19/256"
    assert get(jenkins, path, headers={"Range": "bytes=-5"}).status_code == 200
    assert get(jenkins, path, headers={"Range": "bytes=999-"}).status_code == 500


def test_directories_and_zips(jenkins: SampleJenkins) -> None:
    assert get(jenkins, "job/churn/job/train/7/artifact/data").status_code == 302
    assert get(jenkins, "job/churn/job/train/7/artifact/data/").status_code == 200
    assert get(jenkins, "job/churn/job/train/7/artifact/data/../../x").status_code in (400, 404)
    packed = zipfile.ZipFile(io.BytesIO(get(jenkins, "job/churn/job/train/7/artifact/*zip*/archive.zip").content))
    assert packed.namelist() == ["archive/data/a b#?.csv", "archive/big.json", "archive/model.pkl"]


def test_logs_tests_stages_and_fingerprints(jenkins: SampleJenkins) -> None:
    home = "job/churn/job/train/7/"
    assert get(jenkins, home + "consoleText").text == "one\ntwo\n"
    tail = get(jenkins, home + "logText/progressiveText?start=4")
    assert (tail.text, tail.headers["X-Text-Size"], "X-More-Data" in tail.headers) == ("two\n", "8", False)
    lost = get(jenkins, "job/churn/job/train/8/logText/progressiveText")
    assert (lost.headers["X-Text-Size"], lost.headers["X-More-Data"]) == ("0", "true")
    assert get(jenkins, home + "testReport/api/json?tree=failCount").json()["failCount"] == 1
    assert get(jenkins, "job/free/1/testReport/api/json").status_code == 404
    assert get(jenkins, home + "wfapi/describe").json()["stages"][0]["name"] == "Train"
    assert get(jenkins, "job/free/1/wfapi/describe").status_code == 404
    assert get(jenkins, "fingerprint/" + "ab" * 16 + "/api/json").json()["fileName"] == "model.pkl"


def test_permalinks_move_and_skip_running_builds(jenkins: SampleJenkins) -> None:
    def number(name: str) -> int:
        return int(get(jenkins, f"job/churn/job/train/{name}/api/json?tree=number").json()["number"])

    assert number("lastBuild") == 160
    assert number("lastCompletedBuild") == 159


def test_outside_the_context_path_there_is_nothing(jenkins: SampleJenkins) -> None:
    assert requests.get(jenkins.url.replace("/jenkins/", "/api/json"), timeout=5).status_code == 404


def test_a_packed_sample_is_read_back_and_packs_the_same(tmp_path: Path) -> None:
    rich = build(
        3, actions=({"_class": "A"},), change_sets=({"items": []},), stages=({"name": "S"},), console="log", keep_log=True,
        test_report={"failCount": 0}, fingerprint=({"hash": "x"},), description="d", display_name="n", built_on="agent",
    )  # fmt: skip
    controller = Controller(
        jobs=(pipeline("a/b", rich, build(1)), job("c", 1, kind=FREESTYLE, upstream=("a/b",), description="C"))
    )
    pack_sample(controller, tmp_path / "one.tar.xz")
    loaded = load_sample(tmp_path / "one.tar.xz")
    pack_sample(loaded, tmp_path / "two.tar.xz")
    assert (tmp_path / "one.tar.xz").read_bytes() == (tmp_path / "two.tar.xz").read_bytes()
    by_name = {each.name: each for each in loaded.jobs}
    assert by_name["a/b"].build(3) == rich
    assert by_name["c"].upstream == ("a/b",)
