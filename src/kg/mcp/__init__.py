"""The face for agents: tools, resources and prompts of the Model Context Protocol over an open vault.

Everything is read-only, and each answer keeps to a budget. Nothing here knows whether a pipe or HTTP carries it.
"""
