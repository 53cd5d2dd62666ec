"""What an antivirus engine finds in files, and the files it keeps away: by content, never by name."""
