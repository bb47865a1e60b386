"""The command line: parse options, call the library once, write the output and return an exit code.

Nothing here computes results itself.
"""
