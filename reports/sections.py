"""Parts of a page that different scripts write."""

from __future__ import annotations

__all__ = ["section_of", "with_section"]


def section_of(page: str, heading: str) -> str:
    """The text of a section, from its heading to the next of its level; "" where there is none."""
    _, found, rest = f"\n{page}".partition(f"\n## {heading}\n")
    return f"## {heading}\n{rest.partition(chr(10) + '## ')[0]}".rstrip() + "\n" if found else ""


def with_section(page: str, heading: str, text: str) -> str:
    """A page with a section put in, in the place of the one with the same heading."""
    section = f"## {heading}\n\n{text.strip()}\n"
    old = section_of(page, heading)
    if old:
        return page.replace(old.rstrip(), section.rstrip())
    return f"{page.rstrip()}\n\n{section}"
