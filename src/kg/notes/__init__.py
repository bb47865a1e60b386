"""Read a vault: turn Markdown, front matter and canvases into frozen values.

This package knows neither RDF nor the store.
"""
