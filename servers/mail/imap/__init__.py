"""Mailboxes over IMAP: session.py speaks the protocol, mailboxes.py answers the tools with it."""
