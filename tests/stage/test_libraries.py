"""Autolog and the callbacks, with the real libraries."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reportgen
from tests.stage.support import events, metrics, params


@pytest.fixture
def data():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(160, 4))
    return x, (x[:, 0] + 0.3 * rng.normal(size=160) > 0).astype(int)


@pytest.fixture
def automatic():
    reportgen.autolog()
    yield
    reportgen.autolog(disable=True)


def test_a_fit_logs_params_and_time(tmp_path, data, automatic):
    from sklearn.linear_model import LogisticRegression

    with reportgen.start_run("t", directory=tmp_path) as run:
        LogisticRegression(C=0.25).fit(*data)
        LogisticRegression(C=0.5).fit(*data)
    assert params(run)["LogisticRegression/C"] == 0.25
    assert params(run)["LogisticRegression-2/C"] == 0.5
    assert metrics(run)["LogisticRegression/fit_seconds"] > 0


def test_only_the_outermost_fit_is_logged(tmp_path, data, automatic):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with reportgen.start_run("t", directory=tmp_path) as run:
        make_pipeline(StandardScaler(), LogisticRegression(C=0.125)).fit(*data)
    assert [name for name in metrics(run) if name.endswith("fit_seconds")] == ["Pipeline/fit_seconds"]
    assert params(run)["Pipeline/logisticregression__C"] == 0.125


def test_cross_validation_logs_folds(tmp_path, data, automatic):
    from sklearn import model_selection
    from sklearn.linear_model import LogisticRegression

    with reportgen.start_run("t", directory=tmp_path) as run:
        scores = model_selection.cross_val_score(LogisticRegression(), *data, cv=4)
    assert metrics(run)["LogisticRegression/cv/score"] == pytest.approx(scores.mean(), abs=1e-12)
    event = next(e for e in events(run) if e.get("name") == "LogisticRegression/cv/score")
    assert event["std"] == pytest.approx(scores.std(ddof=1), abs=1e-12)
    assert event["folds"] == 4
    assert not any(name == "LogisticRegression/fit_seconds" for name in metrics(run))


def test_a_search_logs_its_best(tmp_path, data, automatic):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    with reportgen.start_run("t", directory=tmp_path) as run:
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=3).fit(*data)
    assert metrics(run)["GridSearchCV/best_score"] == pytest.approx(search.best_score_)
    assert params(run)["GridSearchCV/best/C"] == search.best_params_["C"]


def test_classes_defined_later_are_logged_and_disable_undoes_all(tmp_path, automatic):
    from sklearn.base import BaseEstimator

    class Late(BaseEstimator):
        def fit(self, x):
            return self

    with reportgen.start_run("t", directory=tmp_path) as run:
        Late().fit([1])
        reportgen.autolog(disable=True)
        Late().fit([1])
    assert [name for name in metrics(run) if name.startswith("Late")] == ["Late/fit_seconds"]
    assert "__init_subclass__" not in BaseEstimator.__dict__


class Mute(RuntimeError):
    def __str__(self):
        raise RuntimeError


def test_a_fit_that_cannot_be_logged_goes_on_and_is_told_once(tmp_path, automatic, capsys, monkeypatch):
    from sklearn.base import BaseEstimator

    class Shy(BaseEstimator):
        def get_params(self, deep=True):
            raise Mute

        def fit(self, x):
            return self

    monkeypatch.setattr("reportgen.stage.sklearn._warned", False)
    with reportgen.start_run("t", directory=tmp_path):
        assert isinstance(Shy().fit([1]), Shy)
        Shy().fit([1])
    told = f"warning: reportgen.autolog could not log a fit: Mute: <{__name__}.Mute>\n"
    assert capsys.readouterr().err == told


def test_a_strict_run_raises_where_a_fit_cannot_be_written(tmp_path, automatic):
    from sklearn.base import BaseEstimator

    class Plain(BaseEstimator):
        def fit(self, x):
            return self

    with reportgen.start_run("t", directory=tmp_path / "r", strict=True) as run:
        shutil.rmtree(tmp_path / "r")
        with pytest.raises(FileNotFoundError):
            Plain().fit([1])
        run.strict = False


def test_xgboost_writes_series(tmp_path, data):
    import xgboost

    from reportgen.stage.xgboost import callback

    x, y = data
    train, valid = xgboost.DMatrix(x[:100], y[:100]), xgboost.DMatrix(x[100:], y[100:])
    chosen = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "max_depth": 2, "nthread": 1}
    with reportgen.start_run("t", directory=tmp_path) as run:
        xgboost.train(
            chosen, train, 12, evals=[(train, "train"), (valid, "val")], verbose_eval=False, early_stopping_rounds=3,
            callbacks=[callback(params=chosen)],
        )  # fmt: skip
    found = [e for e in events(run) if e.get("name") == "val/auc"]
    assert [e["step"] for e in found] == list(range(len(found)))
    assert {e["direction"] for e in found} == {"higher"}
    assert next(e for e in events(run) if e.get("name") == "val/logloss")["direction"] == "lower"
    assert params(run)["max_depth"] == 2
    assert "best_score" in metrics(run)


def test_lightgbm_writes_params_and_series(tmp_path, data):
    import lightgbm

    from reportgen.stage.lightgbm import callback

    x, y = data
    train = lightgbm.Dataset(x[:100], y[:100])
    chosen = {"objective": "binary", "metric": ["auc", "binary_logloss"], "num_threads": 1, "verbosity": -1, "num_leaves": 4}
    with reportgen.start_run("t", directory=tmp_path) as run:
        valid = train.create_valid(x[100:], y[100:])
        lightgbm.train(chosen, train, 8, valid_sets=[valid], valid_names=["val"], callbacks=[callback()])
    found = [e for e in events(run) if e.get("name") == "val/auc"]
    assert len(found) == 8
    assert found[0]["direction"] == "higher"
    assert params(run)["num_leaves"] == 4


def test_nothing_is_imported_before_it_is_used():
    code = (
        "import sys, reportgen.stage.sklearn, reportgen.stage.xgboost, reportgen.stage.lightgbm;"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'xgboost', 'lightgbm', 'numpy')))"
    )
    root = Path(reportgen.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
