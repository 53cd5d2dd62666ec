"""What to ask about an alert of each class and how each answer is read: one YAML file per class, read by `format.py`."""
