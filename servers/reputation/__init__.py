"""What lists and outside services think of an address, domain, URL or hash."""
