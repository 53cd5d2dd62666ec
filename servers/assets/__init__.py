"""The inventory: what a name or address is, who owns it, and which work on it was authorised."""
