"""Recording a run: its event as it grows, the outcome of each change, recovery after a kill."""
