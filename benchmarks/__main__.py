"""`make bench`: every benchmark, one after the other; `python -m benchmarks wrapper` runs one."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "wrapper",
    "crowd",
    "stacks",
    "summarize",
    "report",
    "journal",
    "history",
    "serve",
    "causes",
    "flush",
    "ledger",
    "collector",
    "redact",
    "callback",
)


def main() -> int:
    chosen = sys.argv[1:] or NAMES
    unknown = set(chosen) - set(NAMES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    failed = []
    for name in chosen:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)  # fresh: imports count
        failed += [name] if done.returncode else []
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
