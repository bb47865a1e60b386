"""From a vault to a store: find the changes, apply and publish them; check the store.

Nothing here parses Markdown or prints.
"""
