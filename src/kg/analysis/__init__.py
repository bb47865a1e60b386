"""Analyse the network: centrality, communities, similarity, link prediction, paths, gaps, history.

Modules here do not format results for output.
"""
