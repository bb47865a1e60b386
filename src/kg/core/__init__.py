"""Errors, findings, text and positions, files, limits on processes.

Nothing in this package knows notes, RDF or the command line.
"""
