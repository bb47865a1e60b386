"""For notebooks: one object with all questions about a vault, whose answers show themselves.

Nothing here computes results or writes formats itself; and no other package imports it.
"""
