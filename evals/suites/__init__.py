"""One module per suite; the table of them is in `evals.runner`."""
