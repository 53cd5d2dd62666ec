"""The page of one case, part by part: its head, what was concluded and why, what it stands on, and what people do."""
