"""What a change means: compare two states of a vault in their things, facts, conclusions, findings and answers.

Nothing here prints.
"""
