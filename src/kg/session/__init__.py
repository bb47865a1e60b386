"""A vault that a process holds open: its published generation, the texts that are not saved yet, and the findings.

What the editor, the agents and the server share lives here. Nothing here knows a protocol.
"""
