"""The version of kg."""

__version__ = "0.1.0"
