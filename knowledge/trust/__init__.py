"""What makes a record believable: canonical bytes, signing keys, grants, the audit chain, and masking of secrets."""
