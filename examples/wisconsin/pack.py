"""Pack what `run_pipeline.py` left in a directory into one archive; equal content gives equal bytes.

python pack.py /tmp/wisconsin ../../reportgen/demo/sample.tar.xz
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reportgen.demo.sample import make_controller, pack_sample

LIMIT_BYTES = 3 * 1024 * 1024


class Files(Mapping[str, bytes]):
    """The files below a directory by their relative names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __getitem__(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def __iter__(self) -> Iterator[str]:
        return (path.relative_to(self.directory).as_posix() for path in self.directory.rglob("*") if path.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def main() -> int:
    """Pack; exit status 1 if the archive is too large to travel with the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="directory that run_pipeline.py wrote")
    parser.add_argument("target", type=Path, help="archive to write")
    arguments = parser.parse_args()
    facts = json.loads((arguments.out / "jenkins.json").read_bytes())
    pack_sample(make_controller(facts, Files(arguments.out)), arguments.target)
    size = arguments.target.stat().st_size
    print(f"{arguments.target}: {size:,} bytes", file=sys.stderr)
    return int(size > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
