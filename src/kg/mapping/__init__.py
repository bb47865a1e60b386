"""Map notes to RDF: the ontology, link resolution, statements and provenance.

This package opens no store and no database.
"""
