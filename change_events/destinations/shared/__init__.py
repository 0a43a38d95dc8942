"""Shared parts of destinations: requests, responses, size limits, timestamps, the mapping of an event."""
