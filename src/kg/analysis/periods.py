"""The periods of a history."""

PERIODS = {"commit": "", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
"""The periods by name, with the form of their dates."""
