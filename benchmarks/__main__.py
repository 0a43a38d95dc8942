"""Run benchmarks, each in a process of its own: all of them (`make bench`), or those that are named.

Options after the names are passed on to each: `python -m benchmarks ledger --rows 1000000`.
"""

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


USAGE = f"""usage: python -m benchmarks [NAME...] [OPTION...]

{__doc__}
names: {", ".join(NAMES)}
`python -m benchmarks NAME --help` prints the options of one."""


def main() -> int:
    first = next((place for place, word in enumerate(sys.argv) if word.startswith("-")), len(sys.argv))
    chosen, options = sys.argv[1:first], sys.argv[first:]
    if not chosen and {"-h", "--help"} & set(options):
        print(USAGE)
        return 0
    chosen = chosen or list(NAMES)
    unknown = set(chosen) - set(NAMES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    failed = []
    for name in chosen:
        print(f"\n== {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *options], check=False
        )  # fresh: imports count
        failed += [name] if done.returncode else []
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
