"""What to ask about an alert of each class and how each answer is read: one YAML file per class; see `format.py`."""
