"""Every way a person or a program enters: command line, API and page."""
