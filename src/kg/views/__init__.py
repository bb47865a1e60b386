"""What a page shows of the graph, as values: the vault as a whole, one thing, lists, search results.

The pages and the JSON of `kg serve` are made from these values. Nothing here writes HTML or knows about requests.
"""
