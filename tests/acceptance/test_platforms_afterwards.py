"""On Telegram, Matrix and by SMS at once: what is previewed arrives, is corrected and taken back; who has no say."""

from pathlib import Path

from bridge.moderation.preview import LINE
from tests.acceptance.program import Matrix, Telegram, running, write_config
from tests.acceptance.test_walk import matrix, telegram
from tests.acceptance.world import until

__all__ = ["matrix", "telegram"]
TEXT = "Zinc: see the guideline – 10 days, “please” 👶."


async def test_preview_arrival_correction_and_retraction(tmp_path: Path, telegram: Telegram, matrix: Matrix) -> None:
    config, phones = write_config(tmp_path, telegram=telegram, matrix=matrix)
    text = config.read_text().replace(
        "undo_seconds = 0", f'undo_seconds = 0\nsenior_ids = ["telegram:{telegram.grace}"]'
    )
    config.write_text(text.replace('chat = "sms:phones"', 'chat = "sms:phones"\nsms_price = "KES 0.80"'))
    users, peter, mods = telegram.users, matrix.peter, telegram.mods
    chair = await users.create_user("Ann", "Chair")
    await users.add_member(mods, chair)
    await users.promote(mods, chair, anonymous=True)

    def sent() -> list[str]:
        return [str(m["text"]) for m in phones.sent() if m.get("chat") == "phones"]

    async with running(config):
        link = [{"type": "text_link", "offset": 10, "length": 13, "url": "https://who.int/zinc"}]
        await users.write(telegram.amina, telegram.bot, TEXT, entities=link)
        card = await telegram.find(telegram.grace, mods, "waiting for a decision")
        await users.write(telegram.grace, mods, 'note: "10 days" or 14?', reply_to=card["id"])
        await telegram.find(telegram.grace, mods, "📝 Note (GM)")

        # Rights in a chat are no rights to decide.
        await users.write(chair, mods, "approve", reply_to=card["id"])
        await telegram.find(telegram.grace, mods, "You are writing anonymously, so nobody can tell who decides.")
        there = await peter.wait_for(lambda u: u.rooms[matrix.mods].find("📝 Note (GM)"))
        await peter.invite(matrix.mods, matrix.fatima.user_id)
        await matrix.fatima.join(matrix.mods)
        await peter.set_power_levels(matrix.mods, users={matrix.fatima.user_id: 99})
        await matrix.fatima.reply(matrix.mods, there.event_id, "approve")
        refusal = await peter.wait_for(lambda u: u.rooms[matrix.mods].find("Rights in this chat do not count."))
        assert f"/moderators add matrix:{matrix.fatima.user_id}" in refusal.body

        await users.write(telegram.grace, mods, "preview", reply_to=card["id"])
        await peter.reply(matrix.mods, there.event_id, "preview")
        priced = await telegram.find(telegram.grace, mods, "KES")
        assert "2 SMS (Unicode), KES 1.60 for each reader" in priced["text"]
        on_telegram = await telegram.find(telegram.grace, mods, "Telegram, in English: 2 groups")
        on_matrix = await peter.wait_for(lambda u: u.rooms[matrix.mods].find("Matrix, in English: 1 group"))
        by_sms = await peter.wait_for(lambda u: u.rooms[matrix.mods].find("SMS, in English: 1 group"))
        assert not sent()

        await users.write(telegram.grace, mods, "approve", reply_to=card["id"])
        await telegram.find(telegram.grace, mods, "Arrived in 4 of 4 groups")
        kenya = await telegram.find(telegram.amina, telegram.kenya, "Zinc")
        uganda = await telegram.find(telegram.daniel, telegram.uganda, "Zinc")
        room = await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("Zinc"))
        (sms,) = sent()
        assert kenya["text"] == uganda["text"] == on_telegram["text"].split(LINE, 1)[1]
        assert room.body == on_matrix.body.split(LINE, 1)[1]
        assert sms == by_sms.body.split(LINE, 1)[1] == priced["text"].split(LINE, 1)[1]
        assert "[*Note from HIFA moderator (GM): or 14?]" in kenya["text"]

        await users.write(telegram.grace, mods, "correct: Zinc: see the guideline – 14 days.", reply_to=card["id"])
        newer = await telegram.find(telegram.grace, mods, "Correction of what is published")
        await users.write(telegram.grace, mods, "approve", reply_to=newer["id"])
        await telegram.find(telegram.grace, mods, "Corrected in 3 of 4 groups")
        await telegram.find(telegram.daniel, telegram.uganda, "14 days.")
        await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("14 days."))

        await users.write(telegram.grace, mods, "retract: disputed", reply_to=card["id"])
        told = await telegram.find(telegram.grace, mods, "It cannot be taken back there: ")
        assert "sms:phones" in told["text"]
        await telegram.find(telegram.grace, mods, "Taken back in 3 of 4 groups")
        there = await peter.wait_for(lambda u: u.rooms[matrix.mods].find("Taken back in 3 of 4 groups"))
        assert "☎️ sms:phones: cannot be recalled there" in there.body
        await matrix.fatima.wait_for(lambda u: u.rooms[matrix.room].find("14 days.") is None)
        for user, chat in ((telegram.amina, telegram.kenya), (telegram.daniel, telegram.uganda)):
            assert not [m for m in await telegram.messages(user, chat) if "Zinc" in str(m["text"])]
        await until(lambda: sent() == [sms])
