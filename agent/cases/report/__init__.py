"""A case on paper: one self-contained HTML page, or Markdown. Everything shown is re-verified while it is written."""

from agent.cases.report.html import render_html
from agent.cases.report.markdown import render_markdown

__all__ = ["render_html", "render_markdown"]
