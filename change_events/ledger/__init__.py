"""The ledger of a team: the events of many machines in one PostgreSQL database.

Needs the extra ``server`` (psycopg). A run imports it only if one of its destinations is a ledger.
"""
