"""What workers need is imported once, in the process that they are forked from."""


def prepare() -> None:
    """Import what questions need."""
    import kg.rendering.query_results
    import kg.server.app  # noqa: F401
