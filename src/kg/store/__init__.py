"""Quads on disk, published whole, and the state beside them. The only package that opens Oxigraph databases.

Nothing in this package reads notes or infers.
"""
