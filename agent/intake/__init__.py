"""Intake: a product's alert in, our `Alert` out, every field with who wrote it."""
