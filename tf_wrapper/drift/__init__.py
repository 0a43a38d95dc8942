"""Drift of directories: terraforms that only look, side by side, and what their plans say."""
