"""The language server: the notes of a vault in an editor, by the Language Server Protocol 3.17.

What an editor asks is answered from a session; nothing here writes a file. Positions of the protocol stay here.
"""
