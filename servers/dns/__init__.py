"""Names that were asked for, what a domain looks like from here, and domains that get no answer."""
