"""What Stripe's client sends is read as it was meant; its own encoder is the judge."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form, decode

NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_the_client_encodes_is_read_back(params: dict[str, Any]) -> None:
    sent = urlencode(list(_api_encode(params)))

    assert decode(parse_qsl(sent, keep_blank_values=True)) == params


def test_lists_come_with_or_without_indexes() -> None:
    with_them = decode([("expand[0]", "a"), ("expand[1]", "b")])
    without = decode([("expand[]", "a"), ("expand[]", "b")])

    assert with_them == without == {"expand": ["a", "b"]}


def test_ten_items_keep_their_order() -> None:
    rows = [(f"items[{at}][price]", str(at)) for at in range(12)]

    assert [row["price"] for row in decode(rows)["items"]] == [str(at) for at in range(12)]


@pytest.mark.parametrize("pairs", [[("a", "1"), ("a[b]", "2")], [("a[b]", "2"), ("a", "1")]])
def test_a_name_is_a_value_or_a_group(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(StripeRefusal, match="Invalid object"):
        decode(pairs)


@pytest.mark.parametrize(
    ("read", "code", "param"),
    [
        (lambda form: form.need("none"), "parameter_missing", "none"),
        (lambda form: form.whole("word"), "parameter_invalid_integer", "word"),
        (lambda form: form.flag("word"), None, "word"),
        (lambda form: form.rows("word"), None, "word"),
        (lambda form: form.nested("word"), None, "word"),
        (lambda form: form.nested("group").need("none"), "parameter_missing", "group[none]"),
        (lambda form: form.rows("rows")[0].whole("n"), "parameter_invalid_integer", "rows[0][n]"),
        (lambda form: form.choice("word", "a", "b"), None, "word"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(read: Any, code: str | None, param: str) -> None:
    form = Form({"word": "x", "group": {}, "rows": [{"n": "x"}]})

    with pytest.raises(StripeRefusal) as refusal:
        read(form)

    error = refusal.value.body["error"]
    assert (error["type"], error.get("code"), error["param"]) == (
        "invalid_request_error",
        code,
        param,
    )


def test_a_parameter_that_would_be_ignored_is_not_built() -> None:
    with pytest.raises(StripeRefusal, match=r"group\[b\]") as refusal:
        Form({"group": {"a": "1", "b": "2"}}).nested("group").only("a")

    assert refusal.value.status == 501


def test_metadata_is_merged_and_an_empty_value_takes_a_key_away() -> None:
    former = {"a": "1", "b": "2"}

    assert Form({"metadata": {"b": "", "c": "3"}}).metadata(former) == {"a": "1", "c": "3"}
    assert Form({"metadata": ""}).metadata(former) == {}
    assert Form({}).metadata(former) == former
