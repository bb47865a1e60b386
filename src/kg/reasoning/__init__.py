"""Rules, OWL 2 RL, incremental inference, derivations and explanations.

Nothing here reads a vault or prints.
"""
