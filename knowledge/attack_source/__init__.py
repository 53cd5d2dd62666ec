"""ATT&CK as it is published: one STIX bundle (`objects.py`), or a folder of tables (`tables.py`)."""
