"""Does it work: suites, scorers, runner and reports."""
