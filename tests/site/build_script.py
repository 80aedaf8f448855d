"""What the kill sweep runs: save new builds, then publish version v2. Run again, it must come to the same end.

A process that has everything loaded forks for each run: a run costs what the build costs, and makes the same calls every time.
It reads lines from its input: the directory of a project, then ``go`` once whoever wants to watch the fork is ready. It
answers with the number of the fork, then with what that ended with.
"""

import os
import sys
import threading
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from reportgen.errors import ReportgenError
from tests.site.support import Project, make_build


def main(root: Path) -> int:
    project = Project(root)
    try:
        project.save([make_build(number, f1=0.6 + number / 100) for number in (4, 5)])
        project.build(1, version="v2", workers=1)
    except ReportgenError as problem:
        sys.stderr.write(f"error: {problem.message}\n")
        return problem.exit_code
    return 0


def serve() -> None:
    assert threading.active_count() == 1
    for line in iter(sys.stdin.readline, ""):
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                root = Path(line.rstrip("\n"))
                sys.stderr = root.with_name(f"{root.name}.err").open("w", buffering=1)
                os.read(wait, 1)
                status = main(root)
            except BaseException:  # whatever it is: the fork must not go on as a server
                traceback.print_exc()
            finally:
                os._exit(status)
        print(pid, flush=True)
        sys.stdin.readline()
        os.write(go, b"1")
        _, status = os.waitpid(pid, 0)
        os.close(wait)
        os.close(go)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    if main(Path(sys.argv[1])) == 0:  # loads what is loaded late
        serve()
