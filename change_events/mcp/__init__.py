"""A Model Context Protocol server for agents, read-only over the journal (extra ``mcp``).

:mod:`change_events.mcp.tools` is the table of its tools. Nothing outside of :mod:`change_events.mcp.server` and
:mod:`change_events.mcp.stdio` needs the protocol's SDK.
"""

from __future__ import annotations
