"""A member's language: the platform's guess until they choose, and theirs from then on."""

from dataclasses import replace

from bridge.core.ids import UserRef
from bridge.members import contact
from bridge.storage import people
from bridge.storage.database import transaction
from tests.unit.storage.stage import COMMUNITY, NOW, sender


async def _language(ref: UserRef) -> str:
    identity = await people.find(ref)
    assert identity is not None
    return identity.person.language


async def test_a_choice_outlasts_what_platforms_guess(opened: str) -> None:
    amina = replace(sender("amina"), language="fr")
    async with transaction():
        identity = await people.meet(amina, NOW)
        assert contact.language_of(identity, COMMUNITY).language == "fr"
        await people.choose_language(identity, "sw")
        assert contact.language_of(identity, COMMUNITY).language == "sw"
    async with transaction():
        identity = await people.meet(replace(amina, language="pt", name="Amina Okello"), NOW, privately=True)
        assert (identity.name, identity.person.language) == ("Amina Okello", "sw")
    assert await _language(amina.ref) == "sw"


async def test_nobody_else_is_written_to_in_it(opened: str) -> None:
    amina, joseph = sender("amina"), sender("joseph")
    async with transaction():
        identity = await people.meet(amina, NOW)
        await people.meet(joseph, NOW)
        await people.choose_language(identity, "sw")
    assert (await _language(amina.ref), await _language(joseph.ref)) == ("sw", "")
