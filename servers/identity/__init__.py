"""Accounts, groups and sign-ins."""
