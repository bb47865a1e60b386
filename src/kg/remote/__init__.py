"""Remote SPARQL servers: HTTP, queries, push. The only package that opens a connection.

It connects only to an endpoint that the user named.
"""
