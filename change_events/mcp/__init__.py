"""Answers for agents: a Model Context Protocol server over the journal, which it only reads (extra ``mcp``).

:mod:`change_events.mcp.tools` is the table of its tools. Nothing outside of :mod:`change_events.mcp.server` and
:mod:`change_events.mcp.stdio` needs the protocol's SDK.
"""

from __future__ import annotations
