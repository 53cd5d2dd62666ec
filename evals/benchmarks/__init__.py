"""How much it carries: each benchmark starts the product's own processes and prints one JSON document."""
