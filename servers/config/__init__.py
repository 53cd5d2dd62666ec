"""Configuration of machines: what they are, whether they drifted, and playbooks that an operator allowed."""
