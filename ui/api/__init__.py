"""The API over HTTP: cases, chat, alerts and metrics for the page and for other programs. Start reading at `app.py`."""
