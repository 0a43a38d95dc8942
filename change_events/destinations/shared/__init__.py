"""What the destinations share: requests, responses, size limits, timestamps, the mapping of an event."""
