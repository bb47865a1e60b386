"""Queries: the library, parameters, answers, hints, functions and competency questions.

Nothing here writes to a store, and a query reaches the network only if the caller allows SERVICE.
"""
