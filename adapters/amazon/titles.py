"""Modular titles: since 2026-07-27 `item_name` has 75 characters, and `title_differentiation` up to 125 more.

Source: "Submit modular titles". A longer `item_name`, up to 200, is still taken, and Amazon may cut it itself.
"""

from __future__ import annotations

NAME_LONGEST, DIFFERENTIATION_LONGEST, TITLE_LONGEST = 75, 125, 200


def split_title(title: str) -> tuple[str, str]:
    """The name and what tells the item from others, "" where the name is enough.

    The cut is at the last blank that has no dash or comma beside it, so that both parts read well and make the title
    again with a blank between them. What has no such place, or too much behind it, stays one name.
    """
    if len(title) <= NAME_LONGEST:
        return title, ""
    for place in range(NAME_LONGEST, 0, -1):
        if title[place] != " " or title[place - 1] in "-–|,;:(/&+" or title[place + 1] in "-–|,;:)/&+":
            continue
        name, rest = title[:place], title[place + 1 :]
        return (name, rest) if len(rest) <= DIFFERENTIATION_LONGEST else (title, "")
    return title, ""


def joined(name: str, differentiation: str) -> str:
    """The title of which these are the parts."""
    return f"{name} {differentiation}".strip()
