"""The renderer on recorded streams and on its own parts, without a terraform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_wrapper.plan.text_filter import PlanTextFilter, PlanWarning
from tf_wrapper.render import HumanRenderer
from tf_wrapper.render.hooks import duration
from tf_wrapper.render.paint import painter
from tf_wrapper.render.state_dump import indent_json
from tf_wrapper.render.values import decode, format_value, quote
from tf_wrapper.render.wrap import word_wrap, wrap_line

STREAMS = Path(__file__).parent.parent / "golden" / "streams"


def render(lines, **options):
    out, err = [], []
    options = {"color": False, "columns": 78, "err_columns": 78, **options}
    renderer = HumanRenderer(out=out.append, err=err.append, **options)
    for line in lines:
        renderer.feed(line)
    renderer.finish()
    return "".join(out), "".join(err)


@pytest.mark.parametrize("path", sorted(STREAMS.glob("*.jsonl")), ids=lambda path: path.stem)
@pytest.mark.parametrize("color", [True, False], ids=["color", "plain"])
def test_recorded_streams_look_as_they_did(path, color):
    out, err = render(path.read_bytes().splitlines(keepends=True), color=color)
    golden = path.with_suffix(".color.txt" if color else ".plain.txt")
    assert f"{out}--- stderr\n{err}" == golden.read_text()


def test_what_is_no_message_passes_through_and_an_unknown_message_shows_its_text():
    lines = [
        b"panic: \xff oh\n",
        b'{"a":1}\n',
        b'{"@message":"news","type":"of_the_future"}\n',
        b'{"@message":"x","type":"log","hook":3}',
    ]
    out, err = render(lines)
    assert (out.encode("utf-8", "surrogateescape"), err) == (b'panic: \xff oh\n{"a":1}\nnews\nx\n', "")


def message(kind, **fields):
    return json.dumps({"@message": "", "type": kind, **fields}).encode()


def warning(summary, line=None, severity="warning", file="main.tf"):
    where = {"filename": file, "start": {"line": line, "byte": line}, "end": {}} if line else None
    return message(
        "diagnostic", diagnostic={"severity": severity, "summary": summary, "detail": "Why.", "range": where}
    )


def test_a_batch_is_sorted_and_consolidated():
    out, err = render(
        [
            warning("b", 9),
            warning("e", 1, "error"),
            warning("b", 3),
            warning("b", 5),
            warning("a", 4, file="m/x.tf"),
            warning("z"),
        ]
    )
    assert [text.split("\n")[0] for text in out.split("\nWarning: ")[1:]] == ["z", "b", "a"]
    assert "line 3" in out
    assert "Why.\n\n(and 2 more similar warnings elsewhere)\n" in out
    assert err.startswith("\nError: e\n")


def test_batches_end_at_the_next_message():
    out, _ = render([warning("b", 2), message("log", **{"@message": "Stopping operation..."}), warning("a", 1)])
    assert out.index("Warning: b") < out.index("Stopping") < out.index("Warning: a")


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("width", [30, 78])
def test_held_warnings_join_those_of_the_apply_with_their_counts_added(color, width):
    plan, _ = render([warning("old", 2), warning("old", 4)], color=color, err_columns=width)
    _, held, _ = (text := PlanTextFilter(), text.feed(plan.encode()), text.finish())[2]
    assert [(item.summary, item.count, item.line) for item in held] == [("old", 2, 2)]
    summary = message("change_summary", changes={"add": 0, "change": 0, "remove": 0, "operation": "apply"})
    merged, _ = render([warning("old", 7), summary], held=held, color=color, err_columns=width)
    direct, _ = render(
        [warning("old", 2), warning("old", 4), warning("old", 7), summary], color=color, err_columns=width
    )
    assert merged == direct
    single = [PlanWarning(render([warning("old", 2)], color=color, err_columns=width)[0], "old", "main.tf", 2)]
    merged, _ = render([warning("old", 7), summary], held=single, color=color, err_columns=width)
    assert merged == render([warning("old", 2), warning("old", 7), summary], color=color, err_columns=width)[0]


def test_held_warnings_of_a_check_are_dropped_and_the_rest_survives_a_failure():
    held = [PlanWarning("\nWarning: c\n", "c", is_check=True), PlanWarning("\nWarning: w\n", "w")]
    out, err = render([warning("e", 1, "error")], held=held)
    assert out == "\nWarning: w\n"
    assert "Error: e" in err


def test_what_the_plan_half_has_said_of_the_command_is_not_said_again():
    lines = [warning("Value for undeclared variable"), warning("Other")]
    assert "undeclared" in render(lines)[0]
    assert "undeclared" not in render(lines, undeclared_seen=True)[0]


def test_an_import_that_changes_nothing_else_is_distinguished_from_the_plan():
    summary = message("change_summary", changes={"add": 0, "change": 0, "remove": 0, "import": 1, "operation": "apply"})
    out, _ = render([warning("w"), summary], imports={"x.a": "id=i"})
    assert out.startswith("x.a: Importing... [id=i]\nx.a: Import complete [id=i]\n\nWarning: w")
    assert "Resources: 1 imported, 0 added" in out


def test_destroy_has_words_of_its_own():
    summary = message("change_summary", changes={"add": 0, "change": 0, "remove": 2, "operation": "apply"})
    assert render([summary], destroy=True)[0] == "\nDestroy complete! Resources: 2 destroyed.\n"


def test_actions_that_were_invoked_are_counted_in_a_colour_of_their_own():
    changes = {"add": 0, "change": 0, "remove": 0, "action_invocation": 2, "operation": "apply"}
    lines = [message("version", terraform="1.15.5"), message("change_summary", changes=changes)]
    done = "\nApply complete! Resources: 0 added, 0 changed, 0 destroyed."
    assert render(lines)[0] == f"{done} Actions: 2 invoked.\n"
    green = "\x1b[0m\x1b[1m\x1b[32m"
    assert render(lines, color=True)[0] == f"{green}{done}\x1b[0m{green} Actions: 2 invoked.\x1b[0m\n"


@pytest.mark.parametrize(("version", "elapsed"), [("1.11.4", "1h1m5s"), ("1.12.0", "61m05s"), ("2.0", "61m05s")])
def test_elapsed_time_is_written_as_that_version_writes_it(version, elapsed):
    resource = {"resource": {"addr": "x.a"}, "action": "create", "id_key": "id", "id_value": "i" * 90}
    lines = [message("version", terraform=version), message("apply_start", hook=resource)]
    out, _ = render([*lines, message("apply_progress", hook={**resource, "elapsed_seconds": 3665})])
    assert out.endswith(f"x.a: Still creating... [id={'i' * 39}...{'i' * 38}, {elapsed} elapsed]\n")


def test_durations():
    assert [duration(each) for each in (0, 59, 60, 3600)] == ["0s", "59s", "1m0s", "1h0m0s"]


def test_unknown_markup_stays():
    assert painter(color=True)("[red]x[y]") == "\x1b[31mx[y]\x1b[0m"
    assert painter(color=False)("[red]x[y]") == "x[y]"
    assert painter(color=True)("plain") == "plain"


def test_a_state_dump_is_laid_out_as_go_does():
    document = {"a": [], "b": {}, "c": [1, {"d": 'x{"[,: '}], "n": None}
    assert indent_json(json.dumps(document, separators=(",", ":"))) == json.dumps(document, indent=2)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_state_dump_keeps_its_content(document):
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert indent_json(compact) == json.dumps(document, ensure_ascii=False, indent=2)


@given(st.text(alphabet="ab \u00a0\n漢", max_size=60), st.integers(3, 12))
def test_wrapping_keeps_the_words_and_breaks_where_it_can(text, width):
    wrapped = wrap_line(text, width)
    assert [word for word in wrapped.replace("\n", " ").split(" ") if word] == [
        word for word in text.replace("\n", " ").split(" ") if word
    ]
    assert all(len(line) <= width or " " not in line.strip(" ") for line in wrapped.split("\n"))


def test_indented_lines_are_not_wrapped():
    assert word_wrap("aa bb\n  cc dd ee", 5) == "aa\nbb\n  cc dd ee"
    assert word_wrap("aa bb", 1) == "aa bb"


def test_a_word_that_is_too_long_stays_where_nothing_is_won():
    assert wrap_line(" abcd", 3) == " abcd"
    assert wrap_line("a bcde", 3) == "a\nbcde"


def test_indented_lines_of_a_detail_are_not_wrapped():
    detail = "aaaa bbbb cccc\n  aaaa bbbb cccc"
    lines = [message("diagnostic", diagnostic={"severity": "error", "summary": "e", "detail": detail})]
    assert render(lines, err_columns=11)[1].endswith("\naaaa bbbb\ncccc\n  aaaa bbbb cccc\n")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", "1e3", "1e3"),
        ("dynamic", "null", "null"),
        (["set", ["map", "string"]], "null", "toset(null) /* of map of string */"),
        (["object", {"a": "string"}], "null", "null /* object */"),
        (["tuple", []], "[]", "[]"),
        (["list", "dynamic"], "[]", "tolist([])"),
        (["tuple", [["list", "bool"], "string"]], '[[true],"x"]', '[\n  tolist([\n    true,\n  ]),\n  "x",\n]'),
        ("string", '"a\\nEOT"', "<<EOT_\na\nEOT\nEOT_"),
    ],
)
def test_values(kind, value, text):
    assert format_value(decode(value.encode()), kind) == text


def test_strings_are_quoted_as_go_quotes():
    assert quote('\x07\x1b"\\é\u00a0\u2028\U000e0001漢') == '"\\a\\x1b\\"\\\\é\\u00a0\\u2028\\U000e0001漢"'
