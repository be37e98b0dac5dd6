"""Who may decide, from the buttons: three moderators in two channels, on two accounts of different platforms."""

from pathlib import Path

import pytest

from bridge.adapters.loopback.people import Message, People
from tests.acceptance.world import World, until
from tests.servers import free_port

SECOND = """
[accounts.net]
kind = "loopback"
directory = "net"
thin = false
poll_interval = 0.02
"""
HELP = """
[[communities.safeguarding_replies]]
id = "help"
label = "Where to get help"
text.en = "Dear {name}, please call 116."
"""


class Town(World):
    """Grace and Peter moderate on one account, Ruth (a coordinator) on another; Sara is named for safeguarding."""

    def __init__(self, directory: Path, options: str = "") -> None:
        people = 'coordinator_ids = ["net:ruth"]\nsafeguarding_ids = ["chat:sara"]\n'
        super().__init__(directory, free_port(), options=people + options)
        self.net = People(directory / "net")
        text = self.path.read_text().replace('moderators = ["chat:mods"]', 'moderators = ["chat:mods", "net:desk"]')
        self.path.write_text(text.replace("[[communities]]", SECOND + "\n[[communities]]", 1))

    def device(self, who: str) -> tuple[People, str]:
        """The account and the channel that a moderator looks at."""
        return (self.net, "desk") if who == "ruth" else (self.chat, "mods")

    def shows(self, who: str, number: int = 1) -> Message | None:
        """The newest card of an item there."""
        people, chat = self.device(who)
        cards = [m for m in people.shown(chat) if not m.user and m.text.startswith(f"HIFA #{number} ·")]
        return cards[-1] if cards else None

    def shown(self, who: str, number: int = 1) -> Message:
        """The same, which is there."""
        card = self.shows(who, number)
        assert card is not None
        return card

    async def chooses(self, who: str, *labels: str, number: int = 1) -> str:
        """Press buttons one after the other, each as soon as it is there; returns what the last press was answered."""
        answer = ""
        for label in labels:
            answer = await self._chooses(who, label, number)
        return answer

    async def _chooses(self, who: str, label: str, number: int) -> str:
        people, chat = self.device(who)
        await until(lambda: [1 for text, _ in self._buttons(who, number) if label in text])
        card = self.shown(who, number)
        handle = next(handle for text, handle in card.buttons if label in text)
        press = people.does(chat=chat, user=who, name=who.title(), press=handle, message=card.id)
        await until(lambda: self._answers(people, press))
        return self._answers(people, press)[-1]

    def _buttons(self, who: str, number: int) -> tuple[tuple[str, str], ...]:
        card = self.shows(who, number)
        return () if card is None else card.buttons

    @staticmethod
    def _answers(people: People, press: str) -> list[str]:
        lines = [line for line in people.sent() if line.get("op") == "answer"]
        return [str(line["text"]) for line in lines if line.get("target") == press]

    async def says(self, who: str, words: str, number: int = 1) -> None:
        """The card there shows these words."""
        await until(lambda: (card := self.shows(who, number)) is not None and words in card.text)

    async def told(self, who: str, words: str) -> None:
        """The channel there was told these words."""
        people, chat = self.device(who)
        await until(lambda: [m for m in people.shown(chat) if not m.user and words in m.text])

    async def posted(self, text: str = "Is zinc safe?", number: int = 1, user: str = "amina") -> None:
        """Somebody posts privately, and both channels have the card."""
        self.chat.writes(user, text, user=user, name=user.title(), private=True)
        await until(lambda: self._buttons("grace", number) and self._buttons("ruth", number))


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


async def test_approve_and_trust_in_one_press(town: Town) -> None:
    async with town.bridge():
        await town.posted()
        assert (await town.chooses("grace", "More", "Approve and trust")).startswith("Done.")
        for who in ("grace", "ruth"):
            await town.says(who, "Approved by Grace")
        await town.posted("And for infants?", 2)
        await town.says("ruth", "trusted", 2)
        town.net.writes("desk", "standing: none", user="ruth", name="Ruth", reply_to=town.shown("ruth", 2).id)
        await town.told("ruth", "Amina is now: nothing.")
        await until(lambda: (card := town.shows("grace", 2)) is not None and "trusted" not in card.text)


async def test_a_claim_is_seen_and_taken_over_across_platforms(town: Town) -> None:
    async with town.bridge():
        await town.posted()
        assert (await town.chooses("grace", "More", "Further", "Claim")).startswith("#1 is yours until")
        await town.says("ruth", "✋ Claimed by Grace until")
        assert (await town.chooses("ruth", "Approve")).startswith("Grace has claimed #1")
        assert "Claim it yourself" in await town.chooses("peter", "Release")
        await town.chooses("ruth", "More", "Further", "Claim")
        await town.told("grace", "✋ Ruth has taken #1 over from Grace.")
        await town.says("grace", "✋ Claimed by Ruth until")
        await town.chooses("ruth", "Back", "Back", "Approve")
        await town.says("grace", "Approved by Ruth")


async def test_two_approvals_from_two_platforms(tmp_path: Path) -> None:
    town = Town(tmp_path, "approvals = 2")
    async with town.bridge():
        await town.posted()
        assert "is counted. Another moderator" in await town.chooses("grace", "Approve")
        for who in ("grace", "ruth"):
            await town.says(who, "Approved by 1 of 2: Grace")
        assert "is counted. Another moderator" in await town.chooses("grace", "Approve")
        assert not town.texts("uganda")
        town.chat.writes("mods", "unapprove", user="grace", name="Grace", reply_to=town.shown("grace").id)
        await town.says("ruth", "Approved by 0 of 2: -")
        assert "is counted" in await town.chooses("ruth", "Approve")
        await town.says("peter", "Approved by 1 of 2: Ruth")
        assert (await town.chooses("peter", "Approve")).startswith("Done.")
        await until(lambda: [text for text in town.texts("uganda") if "zinc" in text])


async def test_nobody_decides_on_their_own_post(town: Town) -> None:
    async with town.bridge():
        await town.posted("I wrote this myself", user="grace")
        assert "your own post" in await town.chooses("grace", "Approve")
        assert (await town.chooses("ruth", "Approve")).startswith("Done.")
        await until(lambda: [text for text in town.texts("uganda") if "myself" in text])


async def test_safeguarding_from_the_press_to_the_authors_answer(tmp_path: Path) -> None:
    town = Town(tmp_path, HELP)
    async with town.bridge():
        town.chat.writes("sara", "/help", user="sara", name="Sara", private=True)
        await until(lambda: town.texts("sara"))
        await town.posted("Nobody would miss me")
        await town.chooses("peter", "More", "Further", "Safeguarding", "Escalate")
        await until(lambda: [t for t in town.texts("sara") if "Peter asks you to look" in t])
        assert any("Nobody would miss me" in text for text in town.texts("sara"))
        await town.told("ruth", "🚨 Peter has escalated #1.")
        await town.told("peter", "#1 is escalated.")
        prompt = next(m for m in town.chat.shown("mods") if "#1 is escalated" in m.text)
        town.chat.writes("mods", "she may be in danger", user="peter", name="Peter", reply_to=prompt.id)
        await until(lambda: [t for t in town.texts("sara") if "Why: she may be in danger" in t])
        assert "was escalated" in await town.chooses("grace", "Back", "Back", "Back", "Approve")
        assert (await town.chooses("ruth", "More", "Further", "Safeguarding", "Where to get help")).startswith("Sent.")
        await until(lambda: [t for t in town.texts("amina") if "Dear Amina, please call 116." in t])
        reply = next(m for m in town.chat.shown("amina") if "please call 116." in m.text)
        assert "The moderators of HIFA" in reply.text
        town.chat.writes("amina", "Thank you, I will", user="amina", name="Amina", private=True, reply_to=reply.id)
        for who in ("grace", "ruth"):
            await town.says(who, "The author answered: Thank you, I will")
            await town.says(who, "waiting for a decision")
        assert not town.texts("uganda")
        town.chat.writes("mods", "reject: private", user="sara", name="Sara", reply_to=town.shown("grace").id)
        await town.says("ruth", "Rejected by Sara")


async def test_appointed_and_dismissed_from_the_chat(town: Town) -> None:
    async with town.bridge():
        await town.posted()
        await town.posted("And for infants?", 2)
        assert "Only this community's moderators" in await town.chooses("mary", "Approve")
        hello = town.net.writes("desk", "Hello, I am new", user="zawadi", name="Zawadi")
        town.net.writes("desk", "/moderators add", user="ruth", name="Ruth", reply_to=hello)
        await town.told("ruth", "Zawadi (net:zawadi) is now moderator, appointed by Ruth.")
        town.net.writes("desk", "/moderators add chat:mary", user="ruth", name="Ruth")
        await town.told("grace", "chat:mary is now moderator, appointed by Ruth.")
        assert (await town.chooses("mary", "Approve")).startswith("Done.")
        town.chat.writes("mods", "/moderators remove chat:mary", user="grace", name="Grace")
        await town.told("grace", "That needs the role: coordinator.")
        town.net.writes("desk", "/moderators remove chat:mary", user="ruth", name="Ruth")
        await town.told("grace", "Mary (chat:mary) is no moderator any more, says Ruth.")
        refused = await town.chooses("mary", "Approve", number=2)
        assert "Only this community's moderators" in refused
        assert "Rights in this chat do not count. A coordinator can add you: /moderators add chat:mary" in refused
        town.chat.writes("mods", "/moderators", user="grace", name="Grace")
        await town.told("grace", "HIFA: 4 accounts may decide")


async def test_away_while_claiming_and_the_emergency_switch(town: Town) -> None:
    async with town.bridge():
        await town.posted()
        await town.chooses("grace", "More", "Further", "Claim")
        await town.says("ruth", "✋ Claimed by Grace")
        town.chat.writes("mods", "/away 3 days", user="grace", name="Grace")
        await town.told("ruth", "No longer claimed: #1.")
        await until(lambda: (card := town.shows("ruth")) is not None and "Claimed" not in card.text)
        town.net.writes("desk", "/emergency on", user="ruth", name="Ruth")
        await town.told("grace", "🛑 Ruth has switched on “hold everything”")
        town.chat.writes("mods", "/back", user="grace", name="Grace")
        await town.told("grace", "Welcome back, Grace. 1 post waits: /queue")
