"""Messages: what one says about itself, where it lies, and taking it out of mailboxes."""
