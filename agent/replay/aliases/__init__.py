"""Every name of an investigation replaced by another of its shape: the same name always by the same one.

`learning.py` finds the names, `shapes.py` and `addresses.py` make others of the same form, `aliases.py` replaces them.
The key they are made with is random and kept nowhere, so nobody can go back."""
