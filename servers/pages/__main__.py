"""`python -m servers.pages`: bring docs/servers up to date, and say which files changed."""

import sys

from servers.pages.making import FOLDER, pages, write


def main() -> int:
    """0, whether or not something changed."""
    for name in write(FOLDER, pages()):
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
