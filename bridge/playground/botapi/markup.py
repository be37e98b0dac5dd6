"""Telegram's subset of HTML (https://core.telegram.org/bots/api#html-style), refused in TDLib's words."""

import re
from dataclasses import dataclass

from bridge.playground.botapi.entities import Entity, checked_url
from bridge.playground.botapi.errors import ApiError, bad_request

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_SIMPLE, "a", "tg-emoji", "pre", "code", "blockquote"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([A-Za-z]+));?")
_MAX_REFERENCE = 10
_USER_LINK = re.compile(r"tg:(?://)?user\?id=(\d+)")


@dataclass
class _Open:
    tag: str
    argument: str
    offset: int
    begin: int


class HtmlParser:
    """Parses one text; `parse` returns plain text and entities in UTF-16 code units."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._plain: list[str] = []
        self._offset = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        """Return the plain text and its entities, or raise `ApiError` ("can't parse entities: ...")."""
        while self._at < len(self._source):
            char = self._source[self._at]
            if char == "&":
                char = self._reference()
            elif char == "<":
                self._tag()
                continue
            else:
                self._at += 1
            self._plain.append(char)
            self._offset += 1 + (char > "\uffff")
        if self._open:
            raise _refuse(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        for entity in self._entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        text = "".join(self._plain)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise _refuse(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate"
                " code units"
            )
        return text, self._entities

    def _bytes(self, position: int) -> int:
        return len(self._source[:position].encode("utf-8", "surrogatepass"))

    def _peek(self) -> str:
        return self._source[self._at] if self._at < len(self._source) else ""

    def _reference(self) -> str:
        match = _REFERENCE.match(self._source, self._at)
        decoded = _decode_reference(match) if match else None
        if match is None or decoded is None:
            self._at += 1
            return "&"
        self._at = match.end()
        return decoded

    def _take_until(self, stop: str) -> str:
        begin = self._at
        while self._peek() and not self._peek().isspace() and self._peek() not in stop:
            self._at += 1
        return self._source[begin : self._at]

    def _skip_space(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _tag(self) -> None:
        begin = self._at
        self._at += 1
        if self._peek() == "/":
            self._at += 1
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        where = f"at byte offset {self._bytes(begin)}"
        tag = self._take_until(">").lower()
        if not self._peek():
            raise _refuse(f"Unclosed start tag {where}")
        if tag not in _TAGS:
            raise _refuse(f'Unsupported start tag "{tag}" {where}')
        argument = ""
        while True:
            self._skip_space()
            if self._peek() == ">":
                self._at += 1
                break
            name, value = self._attribute(tag, where)
            argument = _argument(tag, name, value, argument)
        if tag == "span" and argument != "spoiler":
            raise _refuse(f'Tag "span" must have class "tg-spoiler" {where}')
        self._open.append(_Open(tag, argument, self._offset, len(self._plain)))

    def _attribute(self, tag: str, where: str) -> tuple[str, str]:
        name = self._take_until("=>")
        if not name:
            raise _refuse(f'Empty attribute name in the tag "{tag}" {where}')
        self._skip_space()
        if self._peek() != "=":
            if tag == "blockquote" and name.lower() == "expandable":
                return name, ""
            raise _refuse(f'Expected equal sign in declaration of an attribute of the tag "{tag}" {where}')
        self._at += 1
        self._skip_space()
        if not self._peek():
            raise _refuse(f'Unclosed start tag "{tag}" {where}')
        quote = self._peek()
        if quote in "'\"":
            self._at += 1
            value = self._quoted(quote)
        else:
            token_at = self._at
            while self._peek() and (self._peek().isascii() and (self._peek().isalnum() or self._peek() in ".-")):
                self._at += 1
            value = self._source[token_at : self._at].lower()
            if self._peek() != ">" and not self._peek().isspace():
                raise _refuse(f"Unexpected end of name token at byte offset {self._bytes(token_at)}")
        if not self._peek():
            raise _refuse(f"Unclosed start tag {where}")
        return name, value

    def _quoted(self, quote: str) -> str:
        value: list[str] = []
        while self._peek() and self._peek() != quote:
            if self._peek() == "&":
                value.append(self._reference())
            else:
                value.append(self._peek())
                self._at += 1
        self._at += 1
        return "".join(value)

    def _end_tag(self, begin: int) -> None:
        where = f"at byte offset {self._bytes(begin)}"
        if not self._open:
            raise _refuse(f"Unexpected end tag {where}")
        tag = self._take_until(">").lower()
        self._skip_space()
        if self._peek() != ">":
            raise _refuse(f"Unclosed end tag {where}")
        self._at += 1
        opened = self._open.pop()
        if tag and tag != opened.tag:
            raise _refuse(f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{tag}>"')
        if self._offset > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Entity = {"type": "", "offset": opened.offset, "length": self._offset - opened.offset}
        last = self._entities[-1] if self._entities else None
        same = last is not None and all(last[key] == entity[key] for key in ("offset", "length"))
        if opened.tag in _SIMPLE:
            entity["type"] = _SIMPLE[opened.tag]
        elif opened.tag == "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise _refuse("Invalid custom emoji identifier specified")
            entity |= {"type": "custom_emoji", "custom_emoji_id": opened.argument}
        elif opened.tag == "blockquote":
            entity["type"] = "expandable_blockquote" if opened.argument else "blockquote"
        elif opened.tag == "a":
            url = opened.argument or "".join(self._plain[opened.begin :])
            if user := _USER_LINK.fullmatch(url):
                entity |= {"type": "text_mention", "user": {"id": int(user[1])}}
            elif checked := checked_url(url):
                entity |= {"type": "text_link", "url": checked}
            else:
                return  # Telegram drops a link it does not like and keeps its text
        elif opened.tag == "pre":
            if same and last is not None and last["type"] == "code" and last.get("language"):
                last["type"] = "pre"
                return
            entity["type"] = "pre"
        else:
            if same and last is not None and last["type"] == "pre" and opened.argument:
                last["language"] = opened.argument
                return
            entity["type"] = "code"
            if opened.argument:
                entity["language"] = opened.argument
        self._entities.append(entity)


def _decode_reference(match: "re.Match[str]") -> str | None:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _NAMED.get(name)
    if len(match.group().rstrip(";")) >= _MAX_REFERENCE:
        return None
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x10FFFF else None


def _argument(tag: str, name: str, value: str, current: str) -> str:
    name = name.lower()
    if (tag, name) in {("a", "href"), ("tg-emoji", "emoji-id")}:
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if (tag, name) == ("blockquote", "expandable"):
        return "expandable"
    return current


def _refuse(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
