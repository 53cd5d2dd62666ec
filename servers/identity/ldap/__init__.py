"""An LDAP directory with password policies (OpenLDAP with the ppolicy overlay), over TLS alone.

door.py    one session: sign in, ask, change       dn.py         names compared
entry.py   what an entry says                      directory.py  accounts, groups and memberships
"""
