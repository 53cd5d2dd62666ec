"""What the endpoint agents recorded, and isolating hosts and quarantining files."""
