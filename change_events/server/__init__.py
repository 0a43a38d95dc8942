"""What `tfevent events serve` answers: pages and feeds about events, of a journal or a ledger.

A page is data first (:mod:`change_events.server.page`): a module of :mod:`change_events.server.pages` asks the source
and names a template; the application asks for it, renders it and sends it.
"""
