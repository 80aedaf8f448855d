"""One run: the object that `start_run` gives, with a method for everything a step may want to write down."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import values
from reportgen.stage.events import count_of, metric_event, metric_values, shared_fields
from reportgen.stage.writer import UNSET, Writer, rules_of

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

    from reportgen.stage.evaluate import Evaluation


class Run(Writer):
    """Writes one record. Made by `start_run`; a context manager that ends the run.

    Every method writes at once and may be called from any thread or forked process. Misuse raises `RecordError`; when the disk
    is full or read-only, a file that is to be logged is missing or cannot be read, or a chart, frame, figure or array fails as
    it is read, one warning goes to standard error and the work goes on, unless the run is `strict`.
    """

    _set_once_hint = "log what changes during a run as a metric"

    # -- what was put in

    def log_param(self, name: str, value: Any) -> None:
        """Write an input of the run. A param is set once: the same value again is nothing, another one is refused."""
        self.log_params({name: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Write many params; nested dictionaries become names joined with ``/``."""
        redacted = self._redactor.param
        fresh: list[tuple[str, Any]] = []
        rules: dict[str, Any] = {}
        for name, value in values.pairs(values.mapping_of(params, "params")):
            clean = values.name_of(name, "param")
            found = redacted(clean, values.scalar(value))
            old = self._params.get(clean, UNSET)
            if old is UNSET:
                fresh.append((clean, found.value))
                if found.findings:
                    rules[clean] = {"redacted": rules_of(found)}
            elif old != found.value:
                raise RecordError(
                    f"param {clean!r} is already {old!r:.200}; params are set once",
                    hint=self._set_once_hint,
                )
        if rules:
            bodies = [body for pair in fresh for body in record.value_bodies("param", [pair], rules.get(pair[0], {}))]
        else:
            bodies = record.value_bodies("param", fresh, {})
        self._write_bodies(bodies)
        self._params.update(fresh)

    def set_tag(self, name: str, value: Any = True) -> None:
        """Write a free label; a later value replaces an earlier one."""
        self.set_tags({name: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Write many tags."""
        given = values.mapping_of(tags, "tags").items()
        self._write(*(self._labelled("tag", values.name_of(name, "tag"), value) for name, value in given))

    # -- what came out

    def log_metric(
        self,
        /,
        name: str,
        value: float | None,
        step: int | None = None,
        *,
        direction: str | None = None,
        unit: str | None = None,
        low: float | None = None,
        high: float | None = None,
        std: float | None = None,
        n: int | None = None,
        dataset: str | None = None,
        method: str | None = None,
        reason: str | None = None,
        no_skill: float | None = None,
        note: str | None = None,
        **definition: Any,
    ) -> None:
        """Write a measured number, of the whole run or at a `step` of a series.

        `direction` says whether higher or lower is better (``maximize``, ``greater_is_better`` … are understood), `low`
        and `high` are an interval and `method` names how it was made, `std` is a spread, `n` the number of rows behind
        the value. A metric that is not defined has the value None and a `reason`; a value with a `reason` has no
        interval because of it. `no_skill` is what guessing would score, `note` a few words to stand beside the value.
        `dataset` names the data it was measured on. Further keywords are those that change what the number means:
        average, positive, threshold_policy, beta, alpha, k, clip, folds, version.
        """
        fields = {
            "step": step, "direction": direction, "unit": unit, "low": low, "high": high, "std": std, "n": n,
            "dataset": dataset, "method": method, "reason": self._masked(reason), "no_skill": no_skill,
            "note": self._masked(note),
            **definition,
        }  # fmt: skip
        event = metric_event(name, value, fields)
        self._write(event)
        self._metrics[event["name"]] = event["value"]

    def _masked(self, words: str | None) -> str | None:
        return None if words is None else self._redactor.text(values.word(words)).value

    def log_metrics(
        self,
        metrics: Mapping[str, Any],
        step: int | None = None,
        *,
        direction: str | None = None,
        n: int | None = None,
        dataset: str | None = None,
    ) -> None:
        """Write many metrics at once; nested dictionaries become names joined with ``/``, keywords hold for all of them."""
        fields = shared_fields({"step": step, "direction": direction, "n": n, "dataset": dataset})
        found = list(metric_values(metrics))
        self._write_bodies(record.value_bodies("metric", found, fields))
        self._metrics.update(found)

    def log_classification(self, /, y_true: Any, y_score: Any = None, **options: Any) -> Evaluation:
        """Write the metrics, intervals and charts of a classifier; see `reportgen.stage.evaluate.log_classification`."""
        from reportgen.stage.evaluate import log_classification

        return log_classification(self, y_true, y_score, **options)

    def log_regression(self, /, y_true: Any, y_pred: Any, **options: Any) -> Evaluation:
        """Write the metrics, intervals and charts of a regression; see `reportgen.stage.evaluate.log_regression`."""
        from reportgen.stage.evaluate import log_regression

        return log_regression(self, y_true, y_pred, **options)

    def log_folds(self, /, scores: Any, **options: Any) -> Evaluation:
        """Write the scores of cross-validation; see `reportgen.stage.evaluate.log_folds`."""
        from reportgen.stage.evaluate import log_folds

        return log_folds(self, scores, **options)

    # -- data, models, files

    def log_dataset(
        self, name: str, data: Any, role: str | None = None, *, rows: int | None = None, columns: int | None = None
    ) -> str:
        """Write which data were used and return their digest; empty where the file cannot be read, which is told once.

        `data` is the path of a file or directory (hashed in pieces), a pandas or polars frame (hashed as the CSV text
        it makes) or a SHA-256 in hex. Rows and columns are counted in frames, CSV and TSV files. Known roles are
        training, validation and test.
        """
        from reportgen.stage import attach

        clean = values.name_of(name, "dataset")
        event = self._read(lambda: attach.dataset_event(clean, data), f"dataset {clean!r}")
        if event is None:
            return ""
        event.update({key: count_of(count, key) for key, count in (("rows", rows), ("columns", columns)) if count is not None})
        if "path" in event:
            event["path"] = self._redactor.text(event["path"]).value
        if role is not None:
            event["role"] = {"train": "training", "val": "validation"}.get(role, values.name_of(role, "role"))
        self._write(event)
        return str(event["sha256"])

    def log_model(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        framework: str | None = None,
        inputs: str | Sequence[str] = (),
        role: str | None = None,
        sha256: str | None = None,
    ) -> str:
        """Write which model was made (or, with ``role="input"``, used) and return its digest; empty where the file cannot
        be read, which is told once.

        `path` is a file or a directory that the step has saved itself; it is hashed, not copied: archive it as a build
        artifact. With `sha256` the file need not be there. `inputs` are digests of the data it was made from,
        empty ones left out.
        """
        from reportgen.stage import attach

        if role not in {None, "input"}:
            raise RecordError(f"a model's role is left out (made here) or 'input' (used here), not {role!r:.80}")
        event = self._read(lambda: attach.model_event(path, name, sha256), "model")
        if event is None:
            return ""
        event["path"] = self._redactor.text(event["path"]).value
        if role:
            event["role"] = role
        if framework:
            event["framework"] = values.word(framework)
        if inputs:
            inputs = [inputs] if isinstance(inputs, str) else inputs
            event["inputs"] = [attach.digest_text(digest, "an input of a model") for digest in inputs if digest != ""]
        self._write(event)
        return str(event["sha256"])

    def log_table(
        self,
        name: str,
        table: Any,
        *,
        columns: Sequence[str] | None = None,
        role: str | None = None,
        caption: str | None = None,
        rows: int | None = None,
        true_sha256: str | None = None,
    ) -> None:
        """Write a table: a pandas or polars frame, a list of dicts, a list of rows with `columns`, a dict of columns, or the
        path of a CSV or TSV file. `role` says what it is for; `rows` and `true_sha256` (the digest of the column of true
        labels) belong to the role ``evaluation-rows``.
        """
        from reportgen.stage import attach

        more = {"role": role, "caption": caption, "rows": rows, "true_sha256": true_sha256}
        self._attach("table", name, lambda: attach.table(self.directory, name, table, columns), **more)

    def log_chart(self, name: str, chart: Any, *, caption: str | None = None) -> None:
        """Write a chart: an Altair chart, a Vega-Lite dictionary or the path of its JSON; data stay inside, remote data
        are refused."""
        from reportgen.stage import attach

        self._attach("chart", name, lambda: attach.chart(self.directory, name, chart), caption=caption)

    def log_figure(self, name: str, figure: Any, *, caption: str | None = None) -> None:
        """Write a picture: a matplotlib figure, a PIL image, or the path of a PNG, JPEG, WebP, GIF or SVG file."""
        from reportgen.stage import attach

        self._attach("figure", name, lambda: attach.figure(self.directory, name, figure), caption=caption)

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None, *, caption: str | None = None) -> None:
        """Copy any file into the record."""
        from reportgen.stage import attach
        from reportgen.stage.files import existing

        source = self._read(lambda: existing(path, "artifact"), "artifact")
        if source is not None:
            label = name or source.name
            self._attach("artifact", label, lambda: attach.copy(self.directory, label, source), caption=caption)

    # -- words

    def log_note(self, text: str) -> None:
        """Write a note in Markdown."""
        if not isinstance(text, str):
            raise RecordError(f"a note is text, not {type(text).__name__}")
        self._write({"kind": "note", "text": record.text(self._redactor.text(text).value)})

    def log_decision(
        self, value: str, *, by: str | None = None, reason: str | None = None, model: str | None = None, name: str = "approve"
    ) -> None:
        """Write what was decided about a model: approved, rejected or revoked, by whom (a user id), why, and its digest."""
        if value not in {"approved", "rejected", "revoked"}:
            raise RecordError(f"a decision is approved, rejected or revoked, not {value!r:.80}")
        event: dict[str, Any] = {"kind": "decision", "name": values.name_of(name, "decision"), "value": value}
        if by is not None:
            event["by"] = values.word(by)
        if reason is not None:
            event["reason"] = record.text(self._redactor.text(values.word(reason)).value)
        if model is not None:
            from reportgen.stage.attach import digest_text

            event["model"] = digest_text(model, "the model of a decision")
        self._write(event)

    def log_environment(
        self, /, name: str = "python", *, variables: str | Sequence[str] = (), packages: bool = True, **facts: Any
    ) -> None:
        """Write Python, platform and installed packages, the named environment variables (no others), and further facts."""
        from reportgen.stage import context

        if packages and not variables and not facts and name == "python":
            self._write_bodies([context.python_event()])
            return
        told = {key: self._redactor.param(key, values.scalar(fact)).value for key, fact in facts.items()}
        value: dict[str, Any] = {**context.python_facts(), **told}
        if packages:
            value["packages"] = context.packages()
        if variables:
            variables = [variables] if isinstance(variables, str) else variables
            found = {name: os.environ.get(name) for name in (values.name_of(each, "variable") for each in variables)}
            value["variables"] = {key: self._redactor.param(key, item).value for key, item in found.items()}
        self._write({"kind": "environment", "name": values.name_of(name, "environment"), "value": value})
