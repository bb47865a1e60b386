"""Rendering of results for people and programs: one row per format.

The modules neither query nor compute.
"""
