"""Texts cut to a length: never longer, never inside a word that fits, never inside a tag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.html import as_markup, plain_text
from consumer.listings.rules.cutting import cut_at_words, cut_markup_at_words

TEXTS = st.text("ab é,-.  ", max_size=60)


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [
        ("Trapano a percussione", 21, "Trapano a percussione"),
        ("Trapano a percussione", 20, "Trapano a"),
        ("Trapano a percussione", 9, "Trapano a"),
        ("Trapano a percussione", 8, "Trapano"),
        ("Trapano a percussione", 5, "Trapa"),
        ("Trapano - rosso", 10, "Trapano"),
        ("Trapano, rosso", 9, "Trapano"),
        ("  molti \n blanks  ", 20, "molti blanks"),
    ],
)
def test_a_text_ends_after_a_word(text: str, longest: int, cut: str) -> None:
    assert cut_at_words(text, longest) == cut


def test_the_ending_is_within_the_length() -> None:
    assert cut_at_words("Trapano a percussione", 10, "…") == "Trapano a…"
    assert cut_at_words("Trapano a percussione", 9, "…") == "Trapano…"


@given(TEXTS, st.integers(1, 40), st.sampled_from(["", "…"]))
def test_never_longer_and_only_whole_words(text: str, longest: int, ending: str) -> None:
    longest += len(ending)
    line = " ".join(text.split())
    cut = cut_at_words(text, longest, ending)
    assert len(cut) <= longest
    if len(line) <= longest:
        assert cut == line
        return
    assert cut.endswith(ending)
    kept = cut.removesuffix(ending)
    assert line.startswith(kept)
    first = line.split(" ")[0]
    if len(first) <= longest - len(ending) and first.strip(",-."):
        # At the end of a word, but for signs that would dangle there.
        assert all(sign in " ,-" for sign in line[len(kept) :].partition(" ")[0])
        assert kept


@given(TEXTS, st.integers(2, 40))
def test_cutting_twice_is_cutting_once(text: str, longest: int) -> None:
    once = cut_at_words(text, longest)
    assert cut_at_words(once, longest) == once


@given(st.text("ab &<>é ", max_size=60), st.integers(1, 60), st.sampled_from(["", "…", "&&"]))
def test_markup_is_cut_to_text_within_the_length(text: str, longest: int, ending: str) -> None:
    longest += len(ending)
    markup = f"<p>{as_markup(text)}</p>"
    cut = cut_markup_at_words(markup, longest, ending)
    assert len(cut) <= longest
    if len(markup) <= longest:
        assert cut == markup
    else:
        assert "<" not in cut
        assert " ".join(text.split()).startswith(plain_text(cut).removesuffix(ending).rstrip())
