"""Step 4: write down what a person decided about a model, and why."""

from __future__ import annotations

import argparse
from pathlib import Path

import reportgen


def main() -> None:
    """Log the decision; the model is named by its digest, not by its build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("model.joblib"))
    parser.add_argument("--validate-build", required=True, help="the build that measured it")
    parser.add_argument("--decision", choices=["approved", "rejected", "revoked"], required=True)
    parser.add_argument("--by", required=True, help="user id of the person who decided")
    parser.add_argument("--reason", required=True)
    arguments = parser.parse_args()
    with reportgen.start_run("approve") as run:
        run.log_param("validate_build", arguments.validate_build)
        digest = run.log_model(arguments.model, framework="scikit-learn", role="input")
        run.log_decision(arguments.decision, by=arguments.by, reason=arguments.reason, model=digest)
        run.log_note(f"**{arguments.decision.capitalize()}** after {arguments.validate_build}: {arguments.reason}")


if __name__ == "__main__":
    main()
