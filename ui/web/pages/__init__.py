"""The pages, one file each; the table is in ui/web/app.py."""
