"""The commands that bring the graph to other servers and back: push, pull."""
