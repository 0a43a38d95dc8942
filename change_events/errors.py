"""Every error that this project raises on purpose, and those of them that several packages share.

Errors for users. The text is one sentence that says what is wrong and what to do:

* TfeventError
  x SettingsError            mistakes in tfevent.yaml or TFEVENT_*: all of them at once, each with its remedy
  x InputError               a file that was given is not what it should be (plan, state, stream)
    x EventRejectedError     an explicit event contradicts itself
  x JournalError             the journal cannot be opened, read or written
    x JournalCorrupt         its file is damaged (journal/errors.py)
    x JournalLocked          another process keeps it locked (journal/errors.py)
    x JournalTooSlow         an answer took longer than it may (journal/errors.py)
    x AmbiguousId            a prefix of an id fits several events (journal/errors.py)
    x LedgerError            the team's ledger cannot be used
      x LedgerTooSlow        an answer took longer than it may (ledger/problems.py)
        x LedgerSilent       nothing came from the server (ledger/problems.py)
      x NotInLedger          only a journal knows what is asked (ledger/problems.py)
      x NoTeamToRead         the user of a ledger may read the events of no team (ledger/problems.py)
      x EventGone            an event was removed after it was listed (ledger/problems.py)
      x TokenRefused         a token of a collector is not accepted (ledger/tokens.py)
  x ToolArgumentError        an argument of a tool of `events mcp` cannot be used (mcp/arguments.py)
  x TemplateError            a title or message template does not compile or render
  x ParameterError           an address has a parameter that a page does not take (server/parameters.py)
  x NoTeamError              no group of a reader is a team of the ledger (server/reader.py)
  x WindowError              the window of a timeline cannot be shown (server/windows.py)
  x MomentError              a time in the address of a page cannot be read (server/filters.py)
  x PortInUseError           another process listens where `events serve` would (server/listening.py)
  x OptionError              the options of a destination cannot be used (destinations/shared/option_types.py)

Errors between a caller and what it calls, defined beside what raises them and handled by the caller. The text is a
clause of a longer message:

* Exception
  x Refusal                  a collector does not answer a question (collector/answering.py)
  x BinaryNotFoundError      no terraform to run; imported before every run (tf_wrapper/launch/binary.py)
  x DoesNotFit               even the smallest event exceeds a limit (destinations/shared/size_limit.py)
  x ExceededError            work in a process of its own took too much time or memory (process/bounded.py)
  x StoppedError             a drift check was stopped (tf_wrapper/drift/processes.py)
  x TooSlowError             a terraform took longer than it may (tf_wrapper/drift/processes.py)
  x FailedError              that work failed (process/bounded.py)
  x Mistake                  one value of the settings is wrong; collected into SettingsError (settings/values.py)
  x OutputClosedError        the reader of standard output has gone away (output.py)
  x RequestProblem           a request to a collector is refused (collector/problems.py)
  x ServerSilentError        nothing came from a server of PostgreSQL in time (ledger/cutting.py)
  x TooManyStreamsError      as many pages are kept up to date as may be (server/watching.py)
  x TooMuchError             a plan file is larger or odder than is looked at (tf_wrapper/plan/plan_file.py)
  x TransportError           no answer came from a backend (delivery/transport.py)
  x UnknownValueError        only terraform can compute a value (tf_wrapper/configuration/expressions.py)
  x UnreadableError          one version of a state cannot be read (tf_wrapper/record/backfill/versions.py)
* ValueError
  x MadeElsewhereError       a program makes an inventory (cause/inventory_files.py)
* OSError
  x UntrustedError           a settings file of someone else is not read (files/trusted_files.py)

The Ansible collection has its own (ansible_collection/plugins/plugin_utils), since it works without this package:

* Exception
  x ArgumentError            a task's arguments contradict each other (explicit_document.py)
  x HandoverError            a document could not be handed over (session.py)
    x EventRejectedError     the event contradicts itself (session.py)
    x NoProcessError         the process that records could not be started, or has ended (session.py)
  x HistoryError             the journal cannot be read (history.py)

None of them may reach terraform's run or Ansible's: each becomes one line on stderr, or a warning.
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


class LedgerError(JournalError):
    """The ledger of a team cannot be used; the text names the remedy, and never a password."""


class TemplateError(TfeventError):
    """A user's template does not compile or render; the text names the template and the place in it."""
