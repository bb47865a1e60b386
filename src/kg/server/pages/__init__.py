"""The pages of the server: addresses, templates, and notes as HTML.

A page shows a view of `kg.views`, and a worker writes it. It needs no script; a script only makes it quicker. Nothing
here looks anything up in the store.
"""
