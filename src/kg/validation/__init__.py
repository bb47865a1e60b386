"""Validate a vault: links, SHACL shapes, messages, baselines.

Nothing here changes a note or the store.
"""
