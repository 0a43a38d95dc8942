"""Redaction against a plain ``str.replace`` loop: cost of remembering, and of texts beside thousands of secrets.

Run: python -m benchmarks.redact
"""

import random
import string
import time

from benchmarks.limits import enforce
from change_events.redact import Redactor
from change_events.redact.registry import Registry
from change_events.redact.spans import hide

RANDOM = random.Random(1)
LETTERS = string.ascii_letters + string.digits
ALL_RULES = "all rules beside 10000 secrets, times a replace loop"
MORE_SECRETS = "finding beside 30000 secrets, times beside 100"
LIMITS = {ALL_RULES: 0.2, MORE_SECRETS: 4.0}


def secret() -> str:
    return "".join(RANDOM.choices(LETTERS, k=RANDOM.randint(10, 40)))


def measure(work, repeats: int = 3) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def replace_loop(secrets: list[str], texts: list[str]) -> None:
    for text in texts:
        for known in secrets:
            text = text.replace(known, "(sensitive)")  # noqa: PLW2901 - the naive loop itself


def measured() -> dict[str, float]:
    """Measure and print all; the figures by the names of :data:`LIMITS`."""
    found: dict[int, tuple[float, ...]] = {}
    texts = [f"module.network.aws_subnet.private[{n}]: 10.{n % 250}.0.0/24 in zone {n % 7}" for n in range(300)]
    columns = ("secrets", "remember us", "find us/text", "all rules us/text", "replace loop us", "ratio")
    print("  ".join(f"{column:>17}" for column in columns))
    for count in (10, 100, 1_000, 10_000, 30_000):
        secrets = [secret() for _ in range(count)]

        def fill() -> Registry:
            registry = Registry()
            for known in secrets:  # noqa: B023 - called within this round
                registry.add(known)
            registry.spans("builds the index")
            return registry

        remembering = measure(fill) / count
        registry = fill()
        finding = measure(lambda: [hide(text, registry.spans(text)) for text in texts]) / len(texts)  # noqa: B023 - as above
        redactor = Redactor(key=b"k" * 32)
        redactor.remember(secrets)
        redacting = measure(lambda: [redactor._until_stable(text) for text in texts]) / len(texts)  # noqa: B023, SLF001 - past the cache
        naive = measure(lambda: replace_loop(secrets, texts[:10]), 1) / 10  # noqa: B023 - as above
        found[count] = finding, redacting, naive
        figures = (remembering * 1e6, finding * 1e6, redacting * 1e6, naive * 1e6, naive / finding)
        print("  ".join([f"{count:>17}", *(f"{figure:>17.2f}" for figure in figures)]))
    policy = '{"Statement":[' + ",".join(f'{{"Sid":"s{n}","Action":["s3:Get*"]}}' for n in range(6000)) + "]}"
    elapsed = measure(lambda: redactor._until_stable(policy))  # noqa: SLF001 - past the cache
    print(f"a policy of {len(policy) // 1024} KB as free text beside {count} secrets: {elapsed * 1e3:.1f} ms")
    _, redacting, naive = found[10_000]
    return {ALL_RULES: redacting / naive, MORE_SECRETS: found[30_000][0] / found[100][0]}


def main() -> None:
    enforce(measured(), LIMITS)


if __name__ == "__main__":
    main()
