"""Mailboxes of an IMAP server, moved in one step (MOVE) and read back."""
