"""Telephone numbers: international ones, and local ones as people write them to neighbours."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import phonenumbers

from bridge.moderation.hints.passage import Passage, Spans, words_of

Span = tuple[int, int]

CALLING = words_of(
    """
    phone phones telephone tel tele tell mobile mob cell cellphone call calls ring reach text sms whatsapp watsapp wasap
    viber signal dial hotline line helpline telefone telefones telemovel celular cel ligar ligue liguem liga disque
    telefonar telefonem telefonema fone numero contacto contato telephoner appeler appelez appele appelle joindre
        joignable portable fixe gsm telefono telefonos movil llamar llame llamen llama llamarme llameme marcar
    marque marquen
    simu piga pigia pigeni nipigie mpigie mpigieni nipigieni wapigie namba nambari contact contacts fax
    """
)
_OTHER = words_of(
    """
    account acct compte conta cuenta akaunti iban rib clabe pix cnpj swift ticket tiketi chamado lipa lot lots lote
        lotes batch isbn issn doi pmid pmcid protocol protocole protocolo protokali passcode password pin clave
    senha nywila contrasena code codigo zoom meeting meet reunion
    reuniao
    webinar webinaire model modele modelo serial serie grant invoice facture factura fatura ref reference id matricule
    """
)
_SPELLED = words_of(
    """
    zero oh one two three four five six seven eight nine double
    un deux trois quatre cinq sept huit neuf
    um dois tres quatro cinco seis sete oito nove meia
    cero uno dos cuatro siete ocho nueve
    sifuri moja mbili tatu nne tano sita saba nane tisa
    """
)
_NEAR_CALLING = 48
_NEAR_OTHER = 24
_CHAIN = re.compile(r"(?<![\w@#])(?<!\d[.,-])[(+]{0,2} ?\d+(?:[ ()./-]{1,3}\d+)*")
_DIGITS = re.compile(r"\d+")
_LINKED = re.compile(r"(?:wa\.me/|[?&]phone=|tel:)(\+?\d{7,15})(?!\d)")
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])([ ./-])(?:0?[1-9]|1[0-2])\1(?:(?:19|20)\d\d|\d\d)(?!\d|\1\d)"
    r"|(?:19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0?[1-9]|1[0-2])[./-](?:19|20)\d\d(?!\d)"
)
_COUNTED = re.compile(
    r" ?(?:%|mg\b|mcg\b|ml\b|kg\b|km\b|g\b|usd\b|eur\b|[$€£]|f ?cfa\b|fcfa\b|francs?\b|dollars?\b|dola\b|pesos\b|"
    r"reais\b|"
    r"deaths\b|people\b|personnes\b|pessoas\b|personas\b|watu\b|habit|deces\b|mortes\b|muertes\b|doses\b|dosis\b|dozi\b)"
)
_LONG_CHAIN = 40
_TRIES = 400
"""Numbers looked up in the numbering plans, in one text; after that their shape must do."""


class _Plans:
    """The numbering plans of the world, asked a bounded number of times."""

    def __init__(self, country: str) -> None:
        known = country.upper()
        self.country = known if known in phonenumbers.SUPPORTED_REGIONS else ""
        self._left = _TRIES
        self._answers: dict[tuple[str, str], bool] = {}

    def valid(self, number: str, region: str = "") -> bool | None:
        """None where it was not looked up."""
        key = (number, region)
        if key not in self._answers:
            if not self._left:
                return None
            self._left -= 1
            self._answers[key] = self._look_up(number, region)
        return self._answers[key]

    @staticmethod
    def _look_up(number: str, region: str) -> bool:
        try:
            parsed = phonenumbers.parse(number, region or None)
        except phonenumbers.NumberParseException:
            return False
        return (
            phonenumbers.is_valid_number_for_region(parsed, region) if region else phonenumbers.is_valid_number(parsed)
        )


def find(passage: Passage, country: str, taken: Spans) -> Iterator[Span]:
    """Places of telephone numbers; ``taken`` are places that are something else."""
    search = _Search(passage, country)
    for match in _LINKED.finditer(passage.lower):
        yield match.span(1)
    for chain in _CHAIN.finditer(passage.lower):
        if chain.end() - chain.start() >= 6 and not passage.links.touch(*chain.span()):
            yield from search.within(chain, taken)


def spelled(passage: Passage) -> Iterator[Span]:
    """Seven digits and more in words: "zero seven seven, one two three, four"; not who counts to ten."""
    run: list[int] = []
    for index in [*passage.positions(_SPELLED), len(passage.words) + 1]:
        if run and (index != run[-1] + 1 or passage.gap(run[-1]).strip() not in ("", ",", "-", ".")):
            words = passage.words[run[0] : run[-1] + 1]
            if len(words) >= 7 and len(set(words)) < len(words):
                yield passage.starts[run[0]], passage.ends[run[-1]]
            run = []
        run.append(index)


class _Search:
    def __init__(self, passage: Passage, country: str) -> None:
        self._text = passage.lower
        self._plans = _Plans(country)
        self._calling = [passage.ends[index] for index in passage.positions(CALLING)]
        self._other = [passage.ends[index] for index in passage.positions(_OTHER)]
        self._last = -1_000
        """The end of the number before this one: "... or 0414 000 987"."""

    def within(self, chain: re.Match[str], taken: Spans) -> Iterator[Span]:
        groups = [match.span() for match in _DIGITS.finditer(self._text, *chain.span())]
        if len(groups) > _LONG_CHAIN:  # a table: only what begins or is as long as a telephone number
            groups = [(start, end) for start, end in groups if end - start >= 7 or self._text[start] == "0"]
        at = 0
        while at < len(groups):
            if date := _DATE.match(self._text, groups[at][0]):
                at = bisect_left(groups, (date.end(), 0))
                continue
            count = 0 if taken.touch(*groups[at]) else self._match(chain.start(), groups, at)
            if not count:
                at += 1
                continue
            start, end = self._start(chain.start(), groups, at, count), groups[at + count - 1][1]
            if not taken.touch(start, end):
                self._last = end
                yield start, end
            at += count

    def _start(self, first: int, groups: Sequence[Span], at: int, count: int) -> int:
        """Where the number begins: with its plus and its bracket, if that is closed within it."""
        start = groups[at][0]
        while start > first and self._text[start - 1] in "+( ":
            start -= 1
        while self._text[start] in "( " and (
            self._text[start] == " " or ")" not in self._text[start : groups[at + count - 1][1]]
        ):
            start += 1
        return start

    def _match(self, first: int, groups: Sequence[Span], at: int) -> int:
        """How many groups of digits from this one on make a telephone number; 0 for none."""
        start = groups[at][0]
        windows = self._windows(groups, at)
        if not windows:
            return 0
        before = self._text[max(first, start - 2) : start]
        whole = self._text[start : start + 2]
        if "+" in before or whole == "00":
            return self._international(windows, plus="+" in before)
        if self._text[start - 1 : start] in ("-", ".") and self._text[start - 2 : start - 1].isdigit():
            return 0  # the middle of something longer
        called, other = self._called(start), self._named_otherwise(start)
        if other and not called:
            return 0
        if whole[0] == "0":
            return self._local(windows, called=called)
        if count := self._by_shape(start, groups, at, bracket="(" in before):
            return count
        return self._bare(windows, groups, at, called=called)

    def _windows(self, groups: Sequence[Span], at: int) -> list[tuple[int, str]]:
        """The runs of groups that begin here and have 7 to 15 digits."""
        windows = []
        digits = ""
        for count, (start, end) in enumerate(groups[at : at + 8], 1):
            if end - start > 15 - len(digits):
                break
            digits += self._text[start:end]
            if len(digits) >= 7:
                windows.append((count, digits))
        return windows

    def _near(self, places: Sequence[int], start: int, reach: int) -> int:
        """The last of these places before here; -1 where none is within reach, or a sentence ends between."""
        at = bisect_right(places, start) - 1
        if at < 0 or start - places[at] > reach:
            return -1
        between = self._text[places[at] : start]
        return -1 if "\n\n" in between or "? " in between or "! " in between else places[at]

    def _called(self, start: int) -> bool:
        if 0 <= start - self._last <= 30:
            return True
        calling = self._near(self._calling, start, _NEAR_CALLING)
        return calling >= 0 and calling >= self._near(self._other, start, _NEAR_OTHER)

    def _named_otherwise(self, start: int) -> bool:
        return self._near(self._other, start, _NEAR_OTHER) >= 0

    def _international(self, windows: Sequence[tuple[int, str]], *, plus: bool) -> int:
        numbers = [(count, "+" + (digits if plus else digits[2:])) for count, digits in windows]
        for count, number in reversed(numbers):
            if self._plans.valid(number) is not False and len(number) > 8:
                return count
        # People mistype, and numbering plans change: after a plus, what is long enough is meant as a number.
        return next((count for count, number in reversed(numbers) if plus and 10 <= len(number) <= 14), 0)

    def _local(self, windows: Sequence[tuple[int, str]], *, called: bool) -> int:
        by_length = {len(digits): (count, digits) for count, digits in reversed(windows)}
        if self._plans.country:
            for length in (10, 11, 9, 8, 12, 7) if called else (10, 11, 9, 8, 12):
                if length in by_length and self._plans.valid(by_length[length][1], self._plans.country):
                    return by_length[length][0]
        wanted = (10, 11, 9, 8) if called else (10, 11, 9)
        return next((by_length[length][0] for length in wanted if length in by_length), 0)

    def _by_shape(self, start: int, groups: Sequence[Span], at: int, *, bracket: bool) -> int:
        """(11) 3555-0147 and 809-555-0176 look like nothing else."""
        lengths = [end - begin for begin, end in groups[at : at + 4]]
        signs = [self._text[groups[n][1] : groups[n + 1][0]] for n in range(at, min(at + 3, len(groups) - 1))]
        if bracket and signs[:1] and signs[0].startswith(")"):
            return 3 if 7 <= sum(lengths[1:3]) <= 9 and len(lengths) >= 3 else 0
        for skipped in (0, 1):
            if lengths[skipped : skipped + 3] == [3, 3, 4] and set(signs[skipped : skipped + 2]) <= {"-", "."}:
                if skipped and not (lengths[0] == 1 and self._text[start] == "1"):
                    continue
                return 3 + skipped
        return 0

    def _bare(self, windows: Sequence[tuple[int, str]], groups: Sequence[Span], at: int, *, called: bool) -> int:
        """Numbers of countries without a leading zero, where a word or the country tells them."""
        for count, digits in reversed(windows):
            end = groups[at + count - 1][1]
            if len(digits) > 13 or _COUNTED.match(self._text, end) or self._is_part(end):
                continue
            if len(digits) > 10 and called and self._plans.valid("+" + digits):
                return count
            if called and 8 <= len(digits) <= 11 and not digits.endswith("0000"):
                return count
            country = self._plans.country
            if country and (called or self._grouped(groups[at : at + count])) and self._plans.valid(digits, country):
                return count
        return 0

    def _is_part(self, end: int) -> bool:
        return self._text[end : end + 1].isalnum() or bool(re.match(r"[.,]\d", self._text[end : end + 2]))

    def _grouped(self, groups: Sequence[Span]) -> bool:
        """As telephone numbers are written, and large numbers and ranges of years are not."""
        lengths = [end - start for start, end in groups]
        if "." in self._text[groups[0][0] : groups[-1][1]]:
            return False
        if lengths == [4, 4]:
            return self._text[groups[0][0] : groups[0][0] + 2] not in ("18", "19", "20")
        return sum(lengths) >= 9 or lengths == [2, 2, 2, 2]
