"""Serve the graph over HTTP: SPARQL 1.1 protocol, Graph Store Protocol, pages, and the events of new generations.

A request holds one published generation until its answer ends, and every question runs in a worker process. Nothing
here changes a note, and nothing here answers in the process that holds the connections.
"""
