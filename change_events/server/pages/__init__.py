"""The pages, a module each: ``build(source, request)`` returns what its template shows.

Each raises JournalError where the source cannot be read.
"""
