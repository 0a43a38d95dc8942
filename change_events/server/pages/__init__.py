"""The pages, one module each: ``build(source, request)`` returns the content of its template.

Each raises JournalError if the source cannot be read.
"""
