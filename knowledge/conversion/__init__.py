"""HTML, PDF and DOCX as Markdown; `process` runs one conversion in a process of its own, with bounds."""
