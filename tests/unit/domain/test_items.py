"""What enters: names, texts, JSON Lines, JSON that can be kept."""

import io
import json

import pytest

from core.errors import InvalidInput
from domain.documents.items import Item, Refused, last_of_each, safe_name
from domain.documents.jsonlines import MAX_LINE_BYTES, read_items
from domain.json_values import checked_json


class TestSafeName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("a.txt", "a.txt"), ("b/./a.txt", "b/a.txt"), ("b\\a.txt", "b/a.txt"), (" é.txt ", "é.txt"), ("...", "..."),
            ("a\0b.txt", "ab.txt"), ("a\nb.txt", "a b.txt"), ("x\t/ a\u200b.txt", "x/a.txt"), ("\ufeffa", "a"),
            ("gpj\u202eexe.txt", "gpjexe.txt"), ("\0./a", "a"),
        ],
    )  # fmt: skip
    def test_keeps_plain_ones(self, given: str, kept: str) -> None:
        assert safe_name(given) == kept

    @pytest.mark.parametrize(
        "given",
        [None, "", " ", "/", ".", "..", "a/..", "../a", "/a", "\\a", "\0/a", "a/\u200b/b", ".\0./a", "\0", "\ud800"],
    )
    def test_refuses_tricks(self, given: str | None) -> None:
        with pytest.raises(InvalidInput) as raised:
            safe_name(given)
        assert raised.value.code == "INVALID_FILE_NAME"

    def test_is_never_too_long(self) -> None:
        assert safe_name("x" * 300 + ".txt").endswith("x.txt")
        assert len(safe_name("x" * 300 + ".txt")) == 255
        assert safe_name("x../" + "y" * 252) == "y" * 252  # no “..” comes of the cut


class TestJsonLines:
    def read(self, *lines: str | bytes) -> list[Item | Refused]:
        raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
        return list(read_items(io.BytesIO(raw), "key"))

    def test_each_original_is_its_line(self) -> None:
        lines = ['{"text": "Grüße"}', "", '{"text": "two", "external_id": "b"}']
        raw = "\n".join(lines).encode()
        found = self.read(*lines)
        for item, line in zip(found, (lines[0], lines[2]), strict=True):
            assert isinstance(item, Item)
            assert raw[item.blob_start : item.blob_start + item.blob_bytes].decode().strip() == line

    def test_windows_line_ends_and_a_missing_last_one(self) -> None:
        assert [type(one) for one in self.read(b'{"text": "a"}\r', b'{"text": "b"}')] == [Item, Item]

    def test_a_line_too_long_is_skipped_alone(self) -> None:
        long = json.dumps({"text": "x" * MAX_LINE_BYTES})
        found = self.read('{"text": "a"}', long, '{"text": "b"}')
        assert isinstance(found[1], Refused)
        assert (found[1].where, found[1].code) == ("line 2", "LINE_TOO_LONG")
        assert isinstance(found[2], Item)
        assert found[2].line == 3

    @pytest.mark.parametrize(
        "between", ["\\n", "\\r\\n", "\\t", " \\u0000 ", "\\u2028", " \\u200b", "\\ufeff ", "\u2028", "  ", "\\u0085"]
    )
    def test_a_title_is_put_on_one_line(self, between: str) -> None:
        (found,) = self.read(f'{{"text": "a", "title": "\\n Bike{between}Guide "}}')
        assert isinstance(found, Item)
        assert found.title == "Bike Guide"

    def test_an_invisible_title_is_none(self) -> None:
        (found,) = self.read('{"text": "a", "title": "\\u200b\\n"}')
        assert isinstance(found, Item)
        assert found.title is None

    @pytest.mark.parametrize(
        "line",
        [
            "nonsense", "null", "5", '{"text": 5}', '{"text": "  "}', '{"title": "t"}', '{"text": "a", "extra": 1}',
            '{"text": "a", "external_id": 5}', '{"text": "a", "url": "javascript:x"}',
            '{"text": "a", "language": "en1"}',
            '{"text": "a", "metadata": [1]}', '{"text": "a", "metadata": {"a": NaN}}', '{"text": "\\ud800"}',
            '{"text": "a", "title": "\\udc00"}', json.dumps({"text": "a", "title": "x" * 501}),
            '{"text": "a", "external_id": "x\\n"}', b'{"text": "\xff"}',
            "[" * 50_000,
        ],
    )  # fmt: skip
    def test_what_cannot_be_taken_is_told(self, line: str | bytes) -> None:
        (found,) = self.read(line)
        assert isinstance(found, Refused)
        assert found.where == "line 1"
        assert found.message


class TestLastOfEach:
    def test_later_ones_hold(self) -> None:
        items = [Item("a", "k", 1, "h", external_id=one, line=n) for n, one in enumerate(("a", "b", "a"), 1)]
        kept, refused = last_of_each(items)
        assert [item.line for item in kept] == [2, 3]
        assert [one.where for one in refused] == ["line 1"]

    def test_nameless_ones_all_stay(self) -> None:
        assert len(last_of_each([Item("a", "k", 1, "h"), Item("a", "k", 1, "h")])[0]) == 2


class TestPlainJson:
    def test_keeps_what_can_be_kept(self) -> None:
        value = {"a": [1, 2.5, None, True, {"b": "\\u0000 and \\x00, 😀"}]}
        assert checked_json(value, max_bytes=1_000) == value

    @pytest.mark.parametrize(
        "value", [{"a": "\0"}, {"\0": 1}, {"a": ["\ud800"]}, {"a": float("inf")}, {"a": "x" * 2_000}]
    )
    def test_refuses_the_rest(self, value: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"must not|at most"):
            checked_json(value, max_bytes=1_000)

    def test_refuses_depth(self) -> None:
        value: dict[str, object] = {}
        for _ in range(30):
            value = {"a": value}
        with pytest.raises(ValueError, match="too deeply"):
            checked_json(value, max_bytes=1_000)
