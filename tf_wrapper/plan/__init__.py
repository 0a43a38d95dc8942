"""Reads a plan in JSON (`show -json`) lazily: unchanged values are never decoded."""
