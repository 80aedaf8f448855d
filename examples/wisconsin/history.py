"""What the team does over eleven weeks: which passes run on which day, with which algorithms, and what goes wrong.

The plan only says what is asked for. What comes out (every metric, digest and duration) is computed when the scripts run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

FIRST_NIGHT = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)

Fault = Literal["kill", "abort", "checkout", "expired", "hang"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """One build of the training job, and the validation that follows it unless it fails."""

    algorithm: str
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1
    grid: Mapping[str, list[Any]] | None = None
    kind: str = "candidate"
    fault: Fault | None = None
    validate_fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One day: a featureset build where `columns` or `validation` is set, trainings, and what people do afterwards.

    `repeat` lists how many of the best models so far are validated once more (on a new set, or again on the same).
    `decide` asks for a decision about the best model since the last one; `commit` is a change that reaches the day's builds.
    """

    day: int
    featureset: bool = False
    columns: str = "*"
    validation: str = "v1"
    trains: tuple[Train, ...] = ()
    repeat: int = 0
    decide: bool = False
    revoke: bool = False
    deploy_fault: bool = False
    commit: str | None = None

    @property
    def at(self) -> datetime:
        """When the day's first build starts."""
        return FIRST_NIGHT + timedelta(days=self.day)


def forest(seed: int, **params: Any) -> Train:
    """Return the nightly model: the same random forest, with the seed of the night."""
    return Train(algorithm="random_forest", params={"n_estimators": 30, "max_depth": 5} | params, seed=seed, kind="nightly")


def boosting(seed: int, rate: float = 0.1, depth: int = 2, trees: int = 40, **more: Any) -> Train:
    """Return a gradient boosting candidate."""
    params = {"learning_rate": rate, "max_depth": depth, "n_estimators": trees, "subsample": 0.7}
    return Train(algorithm="gradient_boosting", params=params, seed=seed, **more)


def logistic(strength: float, seed: int = 1, **more: Any) -> Train:
    """Return a logistic regression candidate; `strength` is C, small values regularise more."""
    return Train(algorithm="logistic_regression", params={"C": strength}, seed=seed, **more)


def svm(cost: float, gamma: float, **more: Any) -> Train:
    """Return a support vector machine with a radial kernel."""
    return Train(algorithm="svm", params={"C": cost, "gamma": gamma}, **more)


def knn(neighbours: int, **more: Any) -> Train:
    """Return a nearest-neighbour candidate."""
    return Train(algorithm="knn", params={"n_neighbors": neighbours}, **more)


SVM_GRID = {"C": [0.3, 1.0, 3.0, 10.0], "gamma": [0.003, 0.01, 0.03, 0.1]}
BOOSTING_GRID = {"learning_rate": [0.05, 0.1, 0.3], "max_depth": [1, 2, 3, 4]}

PASSES: tuple[Pass, ...] = (
    Pass(
        day=0,
        featureset=True,
        trains=(forest(1), logistic(1.0), knn(5)),
        decide=True,
        commit="Train and validate on the first split",
    ),
    Pass(day=2, trains=(forest(2), knn(9), Train(algorithm="naive_bayes")), decide=True),
    Pass(day=4, trains=(forest(3), boosting(1), Train(algorithm="decision_tree", params={"max_depth": 4}))),
    Pass(day=7, featureset=True, trains=(forest(4), logistic(0.1), svm(1.0, 0.03)), decide=True, commit="Scale before fitting"),
    Pass(
        day=9,
        trains=(
            forest(5),
            Train(algorithm="logistic_regression", params={"C": 1.0, "solver": "lbfgs", "l1_ratio": 1.0}),
            boosting(2),
        ),
    ),
    Pass(day=11, trains=(forest(6), Train(algorithm="gradient_descent", params={"rate": 0.02, "steps": 80}), boosting(3))),
    Pass(
        day=14,
        featureset=True,
        trains=(forest(7), Train(algorithm="gradient_descent", params={"rate": 40.0, "steps": 240}), knn(3)),
        decide=True,
        commit="Add gradient descent, to watch the loss fall",
    ),
    Pass(day=16, trains=(forest(8), Train(algorithm="svm", seed=1, grid=SVM_GRID), logistic(0.03))),
    Pass(
        day=18,
        trains=(
            forest(9),
            Train(algorithm="neural_network", params={"hidden_layer_sizes": [16]}, seed=1),
            Train(algorithm="neural_network", params={"hidden_layer_sizes": [16]}, seed=2),
        ),
        decide=True,
    ),
    Pass(
        day=21,
        featureset=True,
        trains=(forest(10), boosting(4, fault="kill"), boosting(4)),
        commit="Log the loss of every step",
    ),
    Pass(
        day=23,
        trains=(forest(11), boosting(5), Train(algorithm="extra_trees", params={"n_estimators": 30, "max_depth": 5})),
        repeat=2,
    ),
    # A wrong pattern in the job's parameter keeps a third of the measurements; four days pass before it is put right.
    Pass(
        day=25,
        featureset=True,
        columns="* error",
        trains=(forest(12), logistic(1.0), svm(1.0, 0.03)),
        commit="Choose the measurements by a pattern",
    ),
    Pass(day=27, trains=(forest(13), boosting(1), knn(5)), decide=True),
    Pass(day=28, trains=(forest(14), Train(algorithm="logistic_regression", params={"C": 0.03}))),
    Pass(day=29, featureset=True, trains=(forest(15), logistic(1.0)), commit="Keep every measurement again"),
    Pass(day=31, trains=(forest(16), svm(3.0, 0.01, validate_fault="abort"), logistic(0.3)), decide=True),
    Pass(
        day=34,
        trains=(
            forest(17),
            Train(algorithm="gradient_boosting", seed=1, params={"n_estimators": 40}, grid=BOOSTING_GRID),
            Train(algorithm="random_forest", params={"n_estimators": 400, "max_depth": 5}, fault="abort"),
        ),
    ),
    Pass(day=36, trains=(forest(18), forest(18, max_features=0.5), svm(0.3, 0.03))),
    Pass(day=38, trains=(forest(19), boosting(1, trees=80), Train(algorithm="knn", fault="checkout")), repeat=3),
    Pass(day=41, featureset=True, trains=(forest(20), logistic(0.1, seed=2)), decide=True, commit="Stratify the folds"),
    # Half-way: 57 more rows are labelled, the validation set grows, and old numbers stop being comparable.
    Pass(
        day=43,
        featureset=True,
        validation="v2",
        trains=(forest(21), logistic(0.1), svm(3.0, 0.01)),
        repeat=10,
        commit="Validate on the 57 rows labelled since",
    ),
    Pass(day=45, trains=(forest(22), boosting(1), boosting(2))),
    Pass(day=48, trains=(forest(23), boosting(3), logistic(0.3, validate_fault="expired"))),
    Pass(day=50, featureset=True, validation="v2", trains=(forest(24), svm(3.0, 0.03), knn(7)), commit="Report recall by size"),
    Pass(
        day=52, trains=(forest(25), Train(algorithm="neural_network", params={"hidden_layer_sizes": [32]}, seed=1)), decide=True
    ),
    Pass(day=55, trains=(forest(26), boosting(4))),
    Pass(
        day=57,
        featureset=True,
        validation="v2",
        trains=(forest(27), svm(10.0, 0.003), logistic(0.03)),
        repeat=3,
        decide=True,
    ),
    Pass(day=59, trains=(forest(28), Train(algorithm="extra_trees", params={"n_estimators": 30, "max_depth": 5}, seed=2))),
    Pass(
        day=62,
        trains=(
            forest(29),
            Train(algorithm="extra_trees", params={"n_estimators": 30, "max_depth": 5}, seed=3),
            Train(algorithm="random_forest", params={"n_estimators": 30, "max_depth": 5}, seed=3, fault="expired"),
        ),
    ),
    Pass(
        day=64,
        featureset=True,
        validation="v2",
        trains=(forest(30), logistic(0.2), svm(10.0, 0.01)),
        decide=True,
        revoke=True,
        deploy_fault=True,
        commit="Ask for a decision only when every check holds",
    ),
    Pass(day=66, trains=(forest(31), Train(algorithm="naive_bayes", params={"var_smoothing": 0.01}))),
    Pass(day=69, trains=(forest(32), knn(11))),
    Pass(day=71, featureset=True, validation="v2", trains=(forest(33), boosting(1, rate=0.3)), decide=True),
    Pass(day=73, trains=(forest(34), Train(algorithm="extra_trees", params={"n_estimators": 30, "max_depth": 5}))),
    Pass(day=76, featureset=True, validation="v2", trains=(forest(35), svm(3.0, 0.01)), repeat=2),
)

DRIFT_NIGHTS = range(44, 78)
"""Nights of the drift job: every second one from the day on which the first model of the new set was deployed."""
