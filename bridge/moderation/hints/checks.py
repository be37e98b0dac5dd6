"""The check digits of identity numbers. Every function takes the characters of the number without separators."""

_VERHOEFF_TURNS = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812: bank cards, the identity number of South Africa."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) << (place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _dihedral(left: int, right: int) -> int:
    """The product in the symmetries of a pentagon: 0 to 4 are turns, 5 to 9 are turns after a reflection."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right - 5) % 5
    return 5 + (left - 5 - right) % 5 if right < 5 else (left - right) % 5


def verhoeff(digits: str) -> bool:
    """Verhoeff's scheme: the Aadhaar number of India."""
    check = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char)
        for _ in range(place % 8):
            value = _VERHOEFF_TURNS[value]
        check = _dihedral(check, value)
    return check == 0


def cpf(digits: str) -> bool:
    """Brazil's taxpayer number, 11 digits of which two are checks."""
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(char) * weight for char, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return True


def cns(digits: str) -> bool:
    """Brazil's health card, 15 digits."""
    return sum(int(char) * (15 - place) for place, char in enumerate(digits)) % 11 == 0


def dni(number: str) -> bool:
    """Spain's DNI (8 digits and a letter) and NIE (X, Y or Z, 7 digits and a letter)."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == number[-1]


def nir(number: str) -> bool:
    """France's social security number, 13 characters and a key of two digits; Corsica's 2A and 2B count as 19, 18."""
    body = number[:13].replace("2A", "19", 1).replace("2B", "18", 1)
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def rut(number: str) -> bool:
    """Chile's RUT: digits and a check digit or K."""
    total = sum(int(char) * (2 + place % 6) for place, char in enumerate(reversed(number[:-1])))
    return "0K987654321"[total % 11] == number[-1].upper()


def curp(number: str) -> bool:
    """Mexico's CURP, 18 characters."""
    values = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(values.index(char) * (18 - place) for place, char in enumerate(number[:17]))
    return number[17] == str(-total % 10)


def nhs(digits: str) -> bool:
    """The NHS number of England, 10 digits."""
    return -sum(int(char) * (10 - place) for place, char in enumerate(digits[:9])) % 11 == int(digits[9])


def cuil(digits: str) -> bool:
    """Argentina's CUIL, 11 digits."""
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    return -sum(int(char) * weight for char, weight in zip(digits, weights, strict=False)) % 11 == int(digits[10])


def belgian(digits: str) -> bool:
    """Belgium's national register, 11 digits; those born from 2000 on are reckoned with a 2 in front."""
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))
