"""Names of many resources redacted at once: one instance stands for all, and nothing is shown for that."""

import pytest

from change_events.redact import Redactor, RedactPolicy
from tf_wrapper.plan.names import Names

ADDRESSES = [f'module.web["eu"].aws_instance.web[{number}]' for number in (0, 7, 42, 999, 12345, 123456)]


class Counting(Redactor):
    """Counts the lines that it redacts."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = 0

    def text(self, text):
        self.lines += text.count("\n") + 1
        return super().text(text)


def learnt(addresses, redactor):
    names = Names(redactor)
    names.learn(addresses)
    return [names.text(address) for address in addresses]


@pytest.mark.parametrize(
    "secret",
    [
        "web[42]",
        "[42]",
        "e.web[12345]",
        "12345]",
        "web[",
        'eu"].aws',
        "aws_instance.web",
        "123456",
        "web[999]\nx",
        "42",
    ],
)
def test_each_is_redacted_as_it_is_alone(secret):
    alone = Redactor()
    alone.remember(secret)
    redactor = Redactor()
    redactor.remember(secret)
    assert learnt(ADDRESSES, redactor) == [alone.text(address) for address in ADDRESSES]


@pytest.mark.parametrize("pattern", [r"\[\d+\]", r"web\[4\d", r"42"])
def test_patterns_of_the_user_see_each_number(pattern):
    policy = RedactPolicy(patterns=(pattern,))
    assert learnt(ADDRESSES, Redactor(policy)) == [Redactor(policy).text(address) for address in ADDRESSES]
    assert learnt(ADDRESSES, Redactor(policy)) != ADDRESSES


def test_keys_are_redacted_each():
    redactor = Redactor()
    redactor.remember("hunter2-very-secret")
    addresses = [f'aws_instance.web["{key}"]' for key in ("a", "hunter2-very-secret", "b")]
    assert learnt(addresses, redactor) == [
        'aws_instance.web["a"]',
        'aws_instance.web["(sensitive)"]',
        'aws_instance.web["b"]',
    ]


def test_thousands_of_instances_cost_as_much_as_a_few():
    redactor = Counting()
    addresses = [f"aws_instance.web[{number}]" for number in range(20_000)]
    assert learnt(addresses, redactor) == addresses
    assert redactor.lines < 20
