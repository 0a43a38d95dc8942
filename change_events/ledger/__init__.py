"""The ledger of a team: the events of many machines in one PostgreSQL database.

Needs the extra ``server`` (psycopg). No run imports it, unless one of its destinations is a ledger.
"""
