"""RDF terms, IRIs, the vocabulary, and the tokens of SPARQL text.

Nothing in this package knows notes, stores or files.
"""
