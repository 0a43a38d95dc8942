"""Terraform configuration and variable files, read by parsers: what is declared where, and which values are given.

Nothing is evaluated beyond literals and plain references. What a parser cannot determine is reported as unknown, and
callers then take the safe way: run terraform natively, or hide the text.
"""
