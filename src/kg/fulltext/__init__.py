"""Full-text search: the index, its query language, and excerpts.

Nothing here answers SPARQL.
"""
