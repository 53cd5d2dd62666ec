"""One file per node of the graph, named by the analyst's verb."""
