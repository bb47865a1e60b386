"""`python -m kg` is `kg`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path:
        del sys.path[0]  # Python puts the working directory there, which may be somebody else's
    from kg.cli import main

    main()
