"""The knowledge base of a home as a person keeps it: what enters, what leaves, what is made one's own.

`opening.py` opens the base, `reading.py` says as whom it is read, `notebook.py` keeps what closed cases teach,
`casefiles.py` turns closed cases into documents, `adding.py` takes documents in, `filing.py` writes them as files and
reads those back, `keeping.py` promotes and removes."""
