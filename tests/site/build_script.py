"""What the kill sweep runs: save new builds, then publish version v2. Run again, it must come to the same end."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from reportgen.errors import ReportgenError
from tests.site.support import Project, make_build


def main(root: Path) -> int:
    (root / "from-here").stat()
    project = Project(root)
    try:
        project.save([make_build(number, f1=0.6 + number / 100) for number in (4, 5)])
        project.build(1, version="v2", workers=1)
    except ReportgenError as problem:
        sys.stderr.write(f"error: {problem.message}\n")
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
