"""Every error this project raises on purpose.

* TfeventError
  x SettingsError      a mistake in tfevent.yaml or TFEVENT_*: all of them at once, each with its remedy
  x InputError         a file we were given is not what it should be (plan, state, stream)
    x EventRejectedError  an explicit event contradicts itself
  x JournalError       the journal cannot be opened, read or written
  x TemplateError      a title or message template does not compile or render

None of them may reach terraform's run: the wrapper turns each into one line on stderr.
"""

from __future__ import annotations


class TfeventError(Exception):
    """The root of the tree; its text is one sentence a user can act on, already free of secrets."""


class SettingsError(TfeventError):
    """One or more mistakes in the settings.

    Args:
        problems: one sentence a mistake: where (file, line, key), what is wrong, what to write instead.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InputError(TfeventError):
    """A plan, state or stream that cannot be read; the text names the file and the remedy."""


class EventRejectedError(InputError):
    """An explicit event contradicts itself; the text names the fields and what is accepted."""


class JournalError(TfeventError):
    """The journal cannot be used; the text names its path and the remedy."""


class TemplateError(TfeventError):
    """A user's template does not compile or render; the text names the template and the place in it."""
