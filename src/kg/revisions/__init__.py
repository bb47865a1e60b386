"""Earlier states of a vault, from the commits of its git repository.

Nothing here compares two states, and nothing runs a program that a repository names.
"""
