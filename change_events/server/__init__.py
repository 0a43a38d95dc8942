"""The server of `tfevent events serve`: pages and feeds of events, from a journal or a ledger.

A page is data (:mod:`change_events.server.page`): a module of :mod:`change_events.server.pages` reads the source
and names a template; the application calls it, renders the result and sends it.
"""
