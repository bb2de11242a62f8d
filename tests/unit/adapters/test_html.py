"""What becomes of a description that a channel does not take as it is, and what people are told of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ebay.grammar import GRAMMAR, fit
from adapters.ebay.validation import active_content
from adapters.html import Cleaned, as_markup, plain_text
from tests.unit.adapters.listings import make_listing


@pytest.mark.parametrize(
    ("text", "cleaned", "cut"),
    [
        ("<p>Potente.</p><script>alert(1)</script>", "<p>Potente.</p>", ("<script>",)),
        ("<p onclick='x()'>Potente.</p>", "<p>Potente.</p>", ("onclick",)),
        ("<a href='javascript:x()'>qui</a>", "<a>qui</a>", ("href",)),
        ("<a href=' java\tscript:x()'>qui</a>", "<a>qui</a>", ("href",)),
        ("<a href='&#106;avascript:x()'>qui</a>", "<a>qui</a>", ("href",)),
        ("<iframe src='https://x.test'>no</iframe>ok", "ok", ("<iframe>", "src")),
        ("<form action=x><b>Compra</b></form>", "<b>Compra</b>", ("<form>", "action")),
        ("<!-- interno -->ok", "ok", ("comment",)),
        ("<img src=x.jpg onerror=x()>", '<img src="x.jpg">', ("onerror",)),
        ("<p/onclick=x()>ok", "<p>ok</p>", ("onclick",)),
        ("<unknown>ok</unknown>", "ok", ("<unknown>",)),
    ],
)
def test_p17_what_the_channel_does_not_take_is_cut_and_told(text: str, cleaned: str, cut: tuple[str, ...]) -> None:
    assert GRAMMAR.clean(text) == Cleaned(cleaned, cut)


@pytest.mark.parametrize(
    "text",
    [
        "Solo testo, anche con & dentro",
        "<p>Uno</p><ul><li>due</li></ul><br/>tre<br />",
        '<p style="color:red">on = off</p>',
        '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        '<div vocab="https://schema.org/" typeof="Product"><span property="description">Breve</span></div>',
    ],
)
def test_p17_what_is_within_the_grammar_stays_as_the_seller_wrote_it(text: str) -> None:
    assert GRAMMAR.clean(text) == Cleaned(text)


@given(st.text("<>/'\"= abpi&;#!-\n") | st.text())
def test_cleaning_twice_is_cleaning_once_and_leaves_nothing_that_runs(text: str) -> None:
    once = GRAMMAR.clean(text).text
    assert GRAMMAR.clean(once) == Cleaned(once)
    assert active_content(once) == ""


def test_p17_the_listing_says_what_was_cut_and_no_other_field_changes() -> None:
    listing = make_listing(description="<p>Potente.</p><script>x</script>", remarks=("before",))
    fitted = fit(listing)
    assert fitted.description == "<p>Potente.</p>"
    assert fitted.remarks == ("before", "eBay takes no <script> in a description: cut")
    assert fit(fitted) is fitted
    whole = make_listing()
    assert fit(whole) is whole


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Uno</p><p>due</p>", "Uno due"),
        ("pa<b>ro</b>la", "parola"),
        ("a<br>b &amp; c&nbsp;d", "a b & c d"),
        ("<style>p{}</style>testo<script>x</script>", "testo"),
        ("  due \n righe ", "due righe"),
        ("", ""),
    ],
)
def test_plain_text_is_what_a_reader_sees(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_as_markup_reads_as_the_text(text: str) -> None:
    assert plain_text(as_markup(text)) == " ".join(text.split())
