"""Parsed Terraform configuration and variable files: what is declared where, and which values are set.

Only literals and plain references are evaluated. What a parser cannot determine is reported as unknown; callers then
run terraform natively, or redact the text.
"""
