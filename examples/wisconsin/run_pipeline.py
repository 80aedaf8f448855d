"""Run the five steps over eleven weeks of simulated days, and keep everything the builds archive.

python run_pipeline.py --out /tmp/wisconsin            all builds, a few minutes
python run_pipeline.py --out /tmp/wisconsin --builds 6
python pack.py /tmp/wisconsin sample.tar.xz
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from controller import Controller, Finished, Job  # noqa: E402
from history import DRIFT_NIGHTS, FIRST_NIGHT, PASSES, Pass, Train  # noqa: E402
from jenkins_json import FREESTYLE, PIPELINE, by_timer, by_user, upstream  # noqa: E402

FOLDER = "wisconsin"
REVIEWER = "reviewer-1"
QUEUE = timedelta(seconds=9)


def jobs() -> list[Job]:
    """Return the jobs of the pipeline, and the nightly job beside it."""
    return [
        Job(
            name=f"{FOLDER}/featureset",
            kind=FREESTYLE,
            downstream=(f"{FOLDER}/train",),
            description="Extracts the measurements and writes the training and the validation set.",
        ),
        Job(name=f"{FOLDER}/train", kind=PIPELINE, description="Trains one model, or a grid of models, on the training set."),
        Job(name=f"{FOLDER}/validate", kind=PIPELINE, description="Measures a model on rows it has never seen."),
        Job(name=f"{FOLDER}/approve", kind=PIPELINE, description="Waits for a person to decide about a model."),
        Job(name=f"{FOLDER}/deploy", kind=PIPELINE, description="Puts an approved model where it is used."),
        Job(
            name=f"{FOLDER}/drift",
            kind=FREESTYLE,
            description="Every second night: compares 80 rows with the training set. Archives metrics.json only.",
        ),
    ]


class Enough(Exception):
    """As many builds as were asked for have run."""


class Team:
    """Goes through the days and starts the builds that people and triggers would start."""

    def __init__(self, controller: Controller, limit: int | None) -> None:
        self.controller = controller
        self.limit = limit
        self.ends: dict[str, datetime] = {}
        self.featureset: Finished | None = None
        self.set_name = "v1"
        self.trained: dict[str, Finished] = {}
        self.validated: list[tuple[Finished, Finished, str]] = []
        self.undecided = 0
        self.champion: Finished | None = None
        self.deployed: Finished | None = None
        self.inputs_rejected = 0
        self.decided: set[str] = set()

    def run(self, passes: Sequence[Pass]) -> None:
        """Run every pass, and the nights of the drift job between them."""
        nights = [night for night in DRIFT_NIGHTS if night % 2 == 0]
        for day in passes:
            while nights and nights[0] < day.day:
                self.drift(nights.pop(0))
            self.one_pass(day)
        for night in nights:
            self.drift(night)
        self.leave_open()

    def one_pass(self, day: Pass) -> None:
        if day.commit:
            self.controller.commit(day.commit, day.at - timedelta(hours=9))
        if day.featureset:
            self.extract(day)
        for train in day.trains:
            trained = self.train(train, day)
            if trained.result == "SUCCESS":
                self.validate(
                    trained, kind=train.kind, causes=[after(trained)], at=trained.ended_at, fault=train.validate_fault
                )
        if day.repeat:
            self.validate_again(day)
        if day.decide:
            self.decide(day)

    def extract(self, day: Pass) -> None:
        self.set_name = day.validation
        self.featureset = self.build(
            "featureset",
            ["--columns", day.columns, "--validation", day.validation],
            at=day.at,
            causes=[by_timer()],
            parameters={"COLUMNS": day.columns, "VALIDATION": day.validation},
        )

    def train(self, train: Train, day: Pass) -> Finished:
        assert self.featureset is not None
        arguments = [
            "--algorithm",
            train.algorithm,
            "--seed",
            str(train.seed),
            "--kind",
            train.kind,
            "--params",
            json.dumps(dict(train.params)),
        ]
        if train.grid:
            arguments += ["--grid", json.dumps(dict(train.grid))]
        fresh = day.featureset and self.featureset.ended_at.date() == day.at.date()
        cause = after(self.featureset) if fresh else by_timer() if train.kind == "nightly" else by_user("author-1")
        trained = self.build(
            "train",
            arguments,
            at=max(day.at, self.featureset.ended_at if fresh else day.at),
            causes=[cause],
            fault=train.fault,
            inputs={"training.csv": self.featureset.workspace / "training.csv"},
            parameters={"ALGORITHM": train.algorithm, "SEED": train.seed, "FEATURESET_BUILD": str(self.featureset)},
        )
        self.trained[str(trained)] = trained
        return trained

    def validate(
        self, trained: Finished, *, kind: str, causes: list[dict[str, object]], at: datetime, fault: str | None = None
    ) -> None:
        assert self.featureset is not None
        validated = self.build(
            "validate",
            ["--kind", kind],
            at=at,
            causes=causes,
            fault=fault,
            inputs={
                "model.joblib": trained.workspace / "model.joblib",
                "validation.csv": self.featureset.workspace / "validation.csv",
            },
            parameters={"TRAIN_BUILD": str(trained), "THRESHOLD": 0.5},
        )
        if validated.result in {"SUCCESS", "UNSTABLE"} and fault is None:
            self.validated.append((validated, trained, self.set_name))

    def validate_again(self, day: Pass) -> None:
        """Validate the models with the best F1 so far once more, on the set that is now in use."""
        best: dict[str, tuple[float, Finished]] = {}
        for validated, trained, _ in self.validated:
            value = validated.value("val/f1")
            if value is not None and value > best.get(str(trained), (0.0, trained))[0]:
                best[str(trained)] = (value, trained)
        ranked = sorted(best.values(), key=lambda item: -item[0])
        if self.champion is not None:
            ranked.sort(key=lambda item: item[1] is not self.champion)
        at = day.at + timedelta(hours=7)
        for _, trained in ranked[: day.repeat]:
            self.validate(trained, kind="again", causes=[by_user("author-1")], at=at)

    def decide(self, day: Pass) -> None:
        """Ask for a decision about the best model measured since the last one, and deploy it where it was approved."""
        measured = [
            (build, train, build.value("val/f1"))
            for build, train, name in self.validated[self.undecided :]
            if name == self.set_name and model_of(train) not in self.decided
        ]
        candidates = [(build, train, value) for build, train, value in measured if value is not None]
        if not candidates:
            return
        self.undecided = len(self.validated)
        best, trained, f1 = max(candidates, key=lambda item: (item[2], -(item[0].value("val/log_loss") or 0.0)))
        self.decided.add(model_of(trained))
        decision, reason = self.judge(best, f1)
        if decision == "approved" and day.revoke and self.champion is not None:
            self.approval(
                day,
                self.last_validation(self.champion),
                self.champion,
                "revoked",
                f"A model with F1 {f1:.3f} on the new validation set takes its place.",
                hours=5,
            )
        approved = self.approval(day, best, trained, decision, reason, hours=6)
        if decision == "approved":
            self.champion = trained
            self.deploy(day, trained, approved)

    def judge(self, best: Finished, f1: float) -> tuple[str, str]:
        """Return the decision and its reason: a rule stands in for the person who reads the pages."""
        rows = next(
            event["rows"] for event in best.events() if event["kind"] == "dataset" and event.get("role") == "validation"
        )
        recall = best.value("val/recall") or 0.0
        here = f"F1 {f1:.3f} and recall {recall:.3f} on {rows} rows"
        if best.result == "UNSTABLE":
            return "rejected", f"{here}: a check failed, below the minimum of 0.9."
        if self.champion is None:
            return "approved", f"{here}; nothing is deployed yet."
        before = self.last_validation(self.champion)
        if not self.on_current_set(before):
            return "approved", f"{here}; the model in use was never measured on this set."
        champion_f1, champion_recall = before.value("val/f1") or 0.0, before.value("val/recall") or 0.0
        if f1 > champion_f1 and recall >= champion_recall:
            return (
                "approved",
                f"{here}; the model in use has F1 {champion_f1:.3f} and recall {champion_recall:.3f} on the same rows.",
            )
        loss, champion_loss = best.value("val/log_loss") or 0.0, before.value("val/log_loss") or 0.0
        if f1 == champion_f1 and loss < champion_loss:
            return "approved", f"{here}, the same as the model in use; log loss {loss:.4f} instead of {champion_loss:.4f}."
        if f1 > champion_f1:
            return (
                "rejected",
                f"{here}: it misses more malignant cases than the model in use, whose recall is {champion_recall:.3f}.",
            )
        return "rejected", f"{here}: no gain on the model in use, F1 {champion_f1:.3f} on the same rows."

    def last_validation(self, trained: Finished) -> Finished:
        return [build for build, train, _ in self.validated if train is trained][-1]

    def on_current_set(self, build: Finished) -> bool:
        return any(one is build and name == self.set_name for one, _, name in self.validated)

    def approval(self, day: Pass, measured: Finished, trained: Finished, decision: str, reason: str, *, hours: int) -> Finished:
        asked = day.at + timedelta(hours=hours - 1)
        # The second refusal is given in Jenkins itself, by ending the input step: no script runs and no record is written.
        in_jenkins = decision == "rejected" and self.inputs_rejected == 1
        self.inputs_rejected += decision == "rejected"
        return self.build(
            "approve",
            ["--validate-build", str(measured), "--decision", decision, "--by", REVIEWER, "--reason", reason],
            at=asked,
            causes=[after(measured)] if decision != "revoked" else [by_user(REVIEWER)],
            inputs={"model.joblib": trained.workspace / "model.joblib"},
            parameters={"VALIDATE_BUILD": str(measured), "DECISION": decision},
            approver=REVIEWER,
            waited=timedelta(minutes=23 + 11 * (day.day % 5)),
            fault="rejected" if in_jenkins else None,
        )

    def deploy(self, day: Pass, trained: Finished, approved: Finished) -> None:
        assert self.featureset is not None
        rows = {"validation.csv": self.featureset.workspace / "validation.csv"}
        model = {"model.joblib": trained.workspace / "model.joblib"}
        parameters = {"APPROVE_BUILD": str(approved), "TARGET": "production"}
        if day.deploy_fault:  # the copy of the model from the training job was forgotten
            self.build(
                "deploy",
                ["--target", "production"],
                at=approved.ended_at,
                causes=[after(approved)],
                inputs=rows,
                parameters=parameters,
            )
            self.build(
                "deploy",
                ["--target", "production"],
                at=approved.ended_at + timedelta(minutes=12),
                causes=[by_user(REVIEWER)],
                inputs=rows | model,
                parameters=parameters,
            )
        else:
            self.build(
                "deploy",
                ["--target", "production"],
                at=approved.ended_at,
                causes=[after(approved)],
                inputs=rows | model,
                parameters=parameters,
            )
        self.deployed = trained

    def drift(self, night: int) -> None:
        """Compare the night's rows; until a model is deployed there is nothing to do."""
        if self.deployed is None or self.featureset is None:
            return
        self.build(
            "drift",
            ["--night", str(night)],
            at=FIRST_NIGHT + timedelta(days=night, hours=1),
            causes=[by_timer()],
            inputs={
                "model.joblib": self.deployed.workspace / "model.joblib",
                "training.csv": self.featureset.workspace / "training.csv",
                "validation.csv": self.featureset.workspace / "validation.csv",
            },
        )

    def leave_open(self) -> None:
        """Leave one build running and one that waits for a person."""
        at = max(self.ends.values()) + timedelta(hours=2)
        best = max(self.validated[-8:], key=lambda item: item[0].value("val/f1") or 0.0)
        self.controller.open_build(
            "wisconsin/approve",
            at=at,
            causes=[after(best[0])],
            parameters={"VALIDATE_BUILD": str(best[0])},
            question=f"Approve the model of {best[1]}?",
        )
        self.controller.open_build(
            "wisconsin/validate",
            at=at + timedelta(minutes=4),
            causes=[by_user("author-1")],
            parameters={"TRAIN_BUILD": str(best[1]), "THRESHOLD": 0.5},
        )

    def build(self, step: str, arguments: Sequence[str], *, at: datetime, **more: object) -> Finished:
        """Run the next build of a step, after the job's previous one has ended."""
        done = sum(len(job.builds) for job in self.controller.jobs.values())
        if self.limit is not None and done >= self.limit:
            raise Enough
        start = max(at, self.ends.get(step, at)) + QUEUE
        finished = self.controller.build(f"{FOLDER}/{step}", f"{step}.py", arguments, at=start, **more)  # type: ignore[arg-type]
        self.ends[step] = finished.ended_at
        return finished


def after(build: Finished) -> dict[str, object]:
    """Return the cause "started by the end of that build"."""
    return upstream(build.job, build.number)


def model_of(trained: Finished) -> str:
    """Return the digest of the model a training build made."""
    return next(str(event["sha256"]) for event in trained.events("train") if event["kind"] == "model")


def main() -> None:
    """Run the history into a directory: ``jenkins.json``, ``files/<sha256>`` and the workspaces."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="an empty or new directory")
    parser.add_argument("--builds", type=int, default=None, help="stop after so many builds")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty")
    preload()
    controller = Controller(out, jobs(), report=lambda line: print(line, file=sys.stderr, flush=True))
    with contextlib.suppress(Enough):
        Team(controller, arguments.builds).run(PASSES)
    (out / "jenkins.json").write_text(json.dumps(controller.facts(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def preload() -> None:
    """Load what the scripts import, once: every build is a fork of this process."""
    import drift  # noqa: F401
    import featureset  # noqa: F401
    import train  # noqa: F401
    import validate  # noqa: F401


if __name__ == "__main__":
    main()
