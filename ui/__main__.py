"""`python -m ui` is `mcpsoc`; the processes that `mcpsoc ui` starts are started so."""

from ui.cli import main

if __name__ == "__main__":
    main()
