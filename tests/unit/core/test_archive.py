"""Where a post stands on the web, and the words by which it is found."""

from bridge.core.archive import Archive, ArchivePolicy, archive_address, post_address, unsubscribe_address
from bridge.core.searching import LONGEST, MOST_BYTES, asked, folded, indexed, words

BASE = "https://bridge.example.org/hifa"


def test_where_a_post_stands() -> None:
    public = Archive(policy=ArchivePolicy.PUBLIC, address=BASE)
    members = Archive(policy=ArchivePolicy.MEMBERS, address=BASE)
    assert post_address(public, 482) == f"{BASE}/482"
    assert post_address(public, 482, "KEY") == f"{BASE}/482"
    assert post_address(public, 482, everywhere=False) is None
    assert post_address(members, 482) is None
    assert post_address(members, 482, "KEY") == f"{BASE}/~KEY/482"
    assert post_address(members, 482, "KEY", everywhere=False) == f"{BASE}/~KEY/482"
    assert archive_address(members, "KEY") == f"{BASE}/~KEY/"
    for nowhere in (Archive(), Archive(policy=ArchivePolicy.PUBLIC), Archive(policy=ArchivePolicy.OFF, address=BASE)):
        assert post_address(nowhere, 482, "KEY") is None


def test_where_mail_is_stopped() -> None:
    assert unsubscribe_address("https://bridge.example.org", "TOKEN") == "https://bridge.example.org/u/TOKEN"
    assert unsubscribe_address("", "TOKEN") is None


def test_words_as_they_are_looked_for() -> None:
    assert words("L’hôpital, l'hôpital & ÉCOLE!") == ["l", "hopital", "ecole"]
    assert words("Ɗaukar ƙarfi, Œdème, Straße, naïve") == ["daukar", "karfi", "oedeme", "strasse", "naive"]
    assert words("الأدوية والأطفال") == ["ادويه", "والاطفال"]
    assert words("ሕፃን") == words("ህጻን")
    assert words("१२ mg ٣") == ["१२", "mg", "٣"]


def test_vowel_signs_are_letters() -> None:
    assert words("खुराक খুরাক") == ["खुराक", "খুরাক"]
    assert folded("कि") != folded("क")


def test_words_have_an_end() -> None:
    assert [len(word) for word in words("x" * 5000)] == [LONGEST]
    many = indexed(f"w{number}" for number in range(200_000))
    assert len(many.encode()) <= MOST_BYTES
    assert not many.endswith(" ")
    assert len(asked("a b c d e f g h i j k")) == 8
    assert asked("\x00 ' \" ( & \ud800") == []
