"""A person of whom everything is held that can be: a string of its own in every personal column there is."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from bridge.core.events import ChatKind, MessagePosted
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import Attachment, AttachmentKind, Content, Uncarried, UncarriedKind
from bridge.core.states import DeliveryState, InboxState, MembershipState, PostState, ProfileState, ReviewState
from bridge.core.text import plain
from bridge.storage import audit, codec
from bridge.storage.models import (
    AdapterState,
    Chat,
    Conversation,
    Delivery,
    Identity,
    Inbox,
    Person,
    Post,
    Profile,
    Query,
    Review,
    Revision,
    Source,
    Submission,
)
from bridge.storage.models_archive import ArchiveEntry, PersonalLink
from bridge.storage.models_desk import (
    Absence,
    Appointment,
    Note,
    Quotation,
    Setting,
    Standing,
    Theme,
    Translation,
    Vote,
)
from bridge.storage.models_echo import PollVote, Reaction
from bridge.storage.models_members import Application, BridgedGroup, Invitation, LinkCode, Membership
from bridge.storage.models_messages import DeliveryMessage
from tests.unit.storage.stage import NOW, sender

LATER = NOW + timedelta(days=1)


class Everything:
    """One person, Zuhura, who writes, moderates and belongs; and another, whose items she moderated."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        """Every string of hers, by where it stands."""
        self.file = Attachment(
            sha256="ab" * 32, kind=AttachmentKind.PHOTO, mime="image/png", size=10, name=self.word("file name")
        )

    def word(self, where: str) -> str:
        """A string that stands nowhere else."""
        return self.said.setdefault(where, f"Zq{len(self.said):03d}x{abs(hash(where)) % 10**6:06d}w")

    def rich(self, where: str) -> str:
        return codec.dump(codec.RICH_TEXT, plain(f"She says {self.word(where)} and “quotes”"))

    async def make(self) -> int:
        """Fill the tables; returns the person's number."""
        word = self.word
        self.person = await Person.create(language="sw", languages=codec.dump_object({"hifa": "sw"}), created_at=NOW)
        self.identity = await Identity.create(
            person=self.person,
            account="net",
            user=word("user"),
            name=word("name"),
            called=word("name"),
            handle=f"@{word('handle')}",
            direct_chat=word("direct"),
            direct_open=True,
            stopped_at=NOW,
            unreachable_at=NOW,
            warned_at=NOW,
            counted_from=NOW,
            community="hifa",
            verified_at=NOW,
            created_at=NOW,
        )
        self.second = await Identity.create(
            person=self.person, account="slow", user=word("second user"), name=word("second name"), created_at=NOW
        )
        self.ref = str(self.identity.ref)
        await self._says_of_herself()
        await self._posts()
        await self._moderates()
        await self._is_written_to()
        return int(self.person.id)

    async def _says_of_herself(self) -> None:
        word = self.word
        await Profile.create(
            person=self.person,
            version=1,
            answers=codec.dump_object({"name": word("profile name"), "role": word("role"), "email": word("mail")}),
            called=word("profile name"),
            shown=True,
            hidden=codec.dump_list(["email"]),
            biography=word("biography"),
            state=ProfileState.APPROVED,
            decided_by="net:grace",
            decided_at=NOW,
            created_at=NOW,
        )
        await Conversation.create(
            identity=self.identity,
            kind="profile",
            community="hifa",
            step="role",
            answers=codec.dump_object({"name": word("dialogue")}),
            updated_at=NOW,
        )
        await Membership.create(
            person=self.person,
            community="hifa",
            state=MembershipState.MEMBER,
            title=word("title"),
            note=word("joining note"),
            via="join",
            invitation_id=1,
            language="sw",
            reading="daily",
            zone="Africa/Nairobi",
            quiet="21:00-06:00",
            away_until=NOW,
            read_post_id=4,
            digest_at=NOW,
            next_at=NOW,
            created_at=NOW,
            joined_at=NOW,
            ended_at=NOW,
            set_by="net:grace",
        )
        about: dict[str, Any] = {"post_id": 1, "account": self.identity.account, "user": self.identity.user, "at": NOW}
        await Reaction.create(
            chat="kenya", message=word("reacted to"), emoji=word("reaction"), event=word("reaction's event"), **about
        )
        await PollVote.create(chat="kenya", message=word("voted on"), options="[1]", **about)
        await PersonalLink.create(
            selector=word("selector"),
            secret=word("secret"),
            purpose="archive",
            person_id=self.person.id,
            community="hifa",
            created_at=NOW,
        )
        await Standing.create(person=self.person, community="hifa", standing="trusted", set_by="net:grace", set_at=NOW)
        await Application.create(
            kind="join",
            community="hifa",
            number=1,
            identity=self.identity,
            facts=codec.dump_object({"why": word("application")}),
            words=word("why not"),
            created_at=NOW,
        )
        await LinkCode.create(
            hash=word("hash"),
            identity=self.identity,
            account="slow",
            user=word("linked user"),
            attempts=1,
            expires_at=NOW,
            used_at=NOW,
            created_at=NOW,
        )
        await Setting.create(community="hifa", key=f"refused:{self.person.id}", value=LATER.isoformat())
        await BridgedGroup.create(
            community="hifa",
            account="net",
            chat="-77",
            title="Clinic",
            identity_id=self.identity.id,
            decided_by=self.ref,
            created_at=NOW,
            changed_at=NOW,
        )

    async def _posts(self) -> None:
        """One post that is published, with everything beside it, and one that waits."""
        word, rich = self.word, self.rich
        self.reviews: list[Review] = []
        for number, private in ((1, True), (2, False)):
            submission = await Submission.create(
                community="hifa",
                number=number,
                identity=self.identity,
                account="net",
                chat=word("direct") if private else "kenya",
                message=word(f"message {number}"),
                private=private,
                intake="private",
                album=word(f"album {number}"),
                reply_excerpt=word(f"excerpt {number}"),
                reply_place="text:120",
                cut=word(f"cut {number}"),
                created_at=NOW,
            )
            await Source.create(
                submission=submission,
                account="net",
                chat=word(f"source chat {number}"),
                message=word(f"source {number}"),
                text=rich(f"caption {number}"),
                attachments=codec.dump(codec.ATTACHMENTS, (self.file,)),
                uncarried=f'[{{"kind":"poll","detail":"{word(f"item {number}")}","refused":""}}]',
            )
            await Revision.create(
                submission=submission,
                number=1,
                text=rich(f"wording {number}"),
                attachments=codec.dump(codec.ATTACHMENTS, (self.file,)),
                uncarried=f'[{{"kind":"poll","detail":"{word(f"uncarried {number}")}","refused":""}}]',
                findings=codec.dump_object({"hints": [{"kind": "phone", "excerpt": word(f"hint {number}")}]}),
                created_at=NOW,
            )
            review = await Review.create(
                community="hifa",
                submission=submission,
                revision=1,
                state=ReviewState.APPROVED if private else ReviewState.HELD,
                reasons=codec.dump_object({"codes": ["all"]}),
                headline=word(f"headline {number}"),
                short=word(f"short {number}"),
                words=word(f"words {number}"),
                reason="other",
                consent="given",
                decided_by="net:grace" if private else "",
                decided_name="Grace" if private else "",
                created_at=NOW,
            )
            self.reviews.append(review)
            await Query.create(
                review=review,
                question=word(f"question {number}"),
                answer=word(f"answer {number}"),
                wording=rich(f"answer wording {number}"),
                asked_by="net:grace",
                asked_name="Grace",
                asked_at=NOW,
            )
            await Note.create(
                review=review,
                text=word(f"note {number}"),
                anchor=word(f"anchor {number}"),
                actor="net:grace",
                name="Grace",
                initials="G",
                created_at=NOW,
            )
            await Translation.create(
                submission=submission,
                revision=1,
                language="fr",
                text=rich(f"translation {number}"),
                actor="net:grace",
                translator="Grace",
                created_at=NOW,
            )
        self.post = await Post.create(
            community="hifa",
            number=1,
            submission_id=self.reviews[0].submission_id,
            revision=1,
            author=word("profile name"),
            text=rich("wording 1"),
            attachments=codec.dump(codec.ATTACHMENTS, (self.file,)),
            uncarried=f'[{{"kind":"poll","detail":"{word("uncarried 1")}","refused":""}}]',
            card=codec.dump_object({"label": "HIFA", "name": word("profile name"), "role": word("role")}),
            headline=word("headline 1"),
            notes=codec.dump_object(
                {"notes": [{"text": word("note 1"), "anchor": "", "name": "Grace", "initials": "G"}]}
            ),
            short=word("short 1"),
            translations=codec.dump_object(
                {"fr": {"text": rich("translation 1"), "translator": "Grace", "source": ""}}
            ),
            origin=codec.dump_object({"community": word("origin"), "number": 3}),
            state=PostState.LIVE,
            approved_at=NOW,
        )
        await ArchiveEntry.create(
            id=self.post.id, community="hifa", published_at=NOW, thread_id=self.post.id, words=word("archived")
        )
        await Quotation.create(
            post=self.post, text=word("quotation"), actor="net:grace", selected_name="Grace", created_at=NOW
        )

    async def _moderates(self) -> None:
        """Of somebody else's item everything that a moderator can put a name to."""
        word = self.word
        self.other = await Identity.create(
            person=await Person.create(created_at=NOW),
            account="net",
            user="juma",
            name="Juma",
            direct_chat="juma",
            direct_open=True,
            created_at=NOW,
        )
        submission = await Submission.create(
            community="hifa",
            number=3,
            identity=self.other,
            account="net",
            chat="kenya",
            message="m3",
            private=False,
            intake="hold",
            created_at=NOW,
        )
        for number, editor in ((1, ""), (2, word("name"))):
            await Revision.create(
                submission=submission,
                number=number,
                text=codec.dump(codec.RICH_TEXT, plain("Juma's own words")),
                editor=editor,
                created_at=NOW,
            )
        self.others = await Review.create(
            community="hifa",
            submission=submission,
            revision=2,
            state=ReviewState.APPROVED,
            reasons=codec.dump_object({"codes": ["all"]}),
            claimed_by=self.ref,
            claimed_name=word("claimed name"),
            claimed_at=NOW,
            escalated_name=word("escalated name"),
            escalated_at=NOW,
            decided_by=self.ref,
            decided_name=word("decided name"),
            created_at=NOW,
        )
        for action in ("escalate", "edit", "retract"):
            await audit.write(
                community="hifa",
                actor=f"identity:{self.identity.id}",
                action=action,
                now=NOW,
                review_id=self.others.id,
                revision=2,
                reason="other",
                detail={"author": self.other.id},
            )
        translated = {"text": codec.dump(codec.RICH_TEXT, plain("Mots")), "source": ""}
        self.others_post = await Post.create(
            community="hifa",
            number=3,
            submission=submission,
            revision=2,
            author="Juma",
            text=codec.dump(codec.RICH_TEXT, plain("Juma's own words")),
            card=codec.dump_object({"label": "HIFA", "name": "Juma"}),
            notes=codec.dump_object(
                {"notes": [{"text": "Well said", "anchor": "", "name": word("decided name"), "initials": "ZQ"}]}
            ),
            translations=codec.dump_object({"fr": {**translated, "translator": word("translator name")}}),
            retracted_name=word("retracted name"),
            retracted_at=NOW,
            state=PostState.RETRACTED,
            approved_at=NOW,
        )
        await Query.create(
            review=self.others,
            question="Which dose?",
            asked_by=self.ref,
            asked_name=word("asked name"),
            asked_at=NOW,
        )
        await Note.create(
            review=self.others,
            text="Well said",
            actor=self.ref,
            name=word("noted name"),
            initials=word("initials"),
            created_at=NOW,
        )
        await Translation.create(
            submission=submission,
            revision=2,
            language="fr",
            text=codec.dump(codec.RICH_TEXT, plain("Les mots de Juma")),
            actor=self.ref,
            translator=word("translator name"),
            created_at=NOW,
        )
        await Quotation.create(
            post=self.others_post, text="own words", actor=self.ref, selected_name=word("marked name"), created_at=NOW
        )
        await Theme.create(
            community="hifa",
            title="Zinc",
            created_by=self.ref,
            sponsor=word("name"),
            working_group=codec.dump_list([word("second name"), "Grace"]),
            created_at=NOW,
        )
        answering = await Submission.create(
            community="hifa",
            number=4,
            identity=self.other,
            account="net",
            chat="kenya",
            message="m4",
            private=False,
            intake="hold",
            created_at=NOW,
        )
        agreed = codec.dump(codec.RICH_TEXT, plain("I agree"))
        forwarded = Uncarried(kind=UncarriedKind.FORWARDED, detail=word("forwarded"), whose=self.ref)
        passed_on: dict[str, Any] = {"text": agreed, "uncarried": codec.dump(codec.UNCARRIED, (forwarded,))}
        await Source.create(submission=answering, account="net", chat="kenya", message="m4", **passed_on)
        await Revision.create(submission=answering, number=1, created_at=NOW, **passed_on)
        await Review.create(
            community="hifa",
            submission=answering,
            revision=1,
            state=ReviewState.APPROVED,
            reasons=codec.dump_object({"codes": ["all"]}),
            created_at=NOW,
        )
        self.answer = await Post.create(
            community="hifa",
            number=4,
            submission=answering,
            revision=1,
            author="Juma",
            card=codec.dump_object({"label": "HIFA", "name": "Juma"}),
            **passed_on,
            reply_post_id=self.post.id,
            reply_place="text:120",
            approved_at=NOW,
        )
        standing: dict[str, Any] = {"community": "hifa", "set_by": self.ref, "set_at": NOW}
        await Standing.create(person_id=self.other.person_id, standing="held", **standing)
        await Appointment.create(account="net", user=word("user"), name=word("appointed"), role="senior", **standing)
        await Appointment.create(account="net", user="juma", name="Juma", role="moderator", **standing)
        await Absence.create(community="hifa", account="net", user=word("user"), name=word("absent"), until=LATER)
        await Vote.create(
            review=self.others,
            revision=2,
            shows="x",
            person_id=self.person.id,
            actor=self.ref,
            name=word("voted"),
            at=NOW,
        )
        other_profile: dict[str, Any] = {
            "person_id": self.other.person_id,
            "version": 1,
            "answers": "{}",
            "created_at": NOW,
        }
        await Profile.create(**other_profile, decided_by=f"identity:{self.identity.id}", decided_at=NOW)
        await Membership.create(
            person_id=self.other.person_id,
            community="hifa",
            state=MembershipState.MEMBER,
            set_by=self.ref,
            created_at=NOW,
        )
        await Application.create(
            kind="join",
            community="hifa",
            number=2,
            identity=self.other,
            state="approved",
            decided_by=self.ref,
            decided_name=word("let in"),
            decided_at=NOW,
            created_at=NOW,
        )
        await Invitation.create(
            code="free", community="hifa", set_by=self.ref, label=word("invitation"), created_at=NOW
        )

    async def _is_written_to(self) -> None:
        """What came from her platforms and what went there."""
        word = self.word
        await Chat.create(account="net", chat=word("direct"), title=word("chat title"))
        await AdapterState.create(account="net", key=f"direct:{word('user')}", value=word("her room"))
        await AdapterState.create(account="net", key="private:!room", value=word("user"))
        for number, chat, state in (
            (1, word("direct"), InboxState.DONE),
            (2, "kenya", InboxState.DONE),
            (3, "kenya", InboxState.PARKED),
        ):
            event = MessagePosted(
                account=AccountId("net"),
                chat=ChatId(chat),
                key=f"k{number}",
                at=NOW,
                ref=RemoteRef(AccountId("net"), ChatId(chat), MessageId(f"e{number}")),
                sender=sender(word("user"), word("name")),
                chat_kind=ChatKind.PRIVATE if number == 1 else ChatKind.GROUP,
                text=plain(word(f"event {number}")),
            )
            await Inbox.create(
                account="net",
                chat=chat,
                key=f"k{number}",
                event=codec.dump(codec.EVENT, event),
                raw_json=codec.dump_object({"from": word("user"), "text": word(f"raw {number}")}),
                received_at=NOW,
                state=state,
                due_at=NOW,
                note=word("parked note") if state == InboxState.PARKED else "",
            )
        await self._others_quote_her()
        for kind, values in self._messages():
            row = await Delivery.create(
                kind=kind,
                community="hifa",
                due_at=NOW,
                planned_at=NOW,
                done_at=NOW,
                payload=values.pop("payload", '{"text":"' + word(f"payload {kind}") + '"}'),
                **{"state": DeliveryState.DELIVERED, "account": "net", "chat": "mods", "message": "x9", **values},
            )
            if row.person_id is not None:
                item = word(f"item of {kind}")
                await DeliveryMessage.create(delivery=row, position=2, account="net", chat=row.chat, message=item)

    async def _others_quote_her(self) -> None:
        """Juma answers her: his event's raw JSON holds what he answers."""
        event = MessagePosted(
            account=AccountId("net"),
            chat=ChatId("kenya"),
            key="k9",
            at=NOW,
            ref=RemoteRef(AccountId("net"), ChatId("kenya"), MessageId("e9")),
            sender=sender("juma"),
            chat_kind=ChatKind.GROUP,
            text=plain("I agree"),
        )
        raw = {"reply_to": {"from": self.word("user"), "text": self.word("event 2")}}
        await Inbox.create(
            account="net",
            chat="kenya",
            key="k9",
            event=codec.dump(codec.EVENT, event),
            raw_json=codec.dump_object(raw),
            received_at=NOW,
            state=InboxState.DONE,
            due_at=NOW,
        )

    def _messages(self) -> Iterable[tuple[str, dict[str, Any]]]:
        word = self.word
        own, waiting = self.reviews
        yield (
            "notice",
            {
                "chat": word("direct"),
                "content": self._content("notice to her"),
                "remote_chat": word("direct"),
                "message": word("sent message"),
                "target_chat": word("direct"),
                "target_message": word("answered message"),
                "person_id": self.person.id,
                "detail": word("detail"),
                "view": f"link:{self.identity.id}",
            },
        )
        yield "post", {"post_id": self.post.id, "chat": "kenya", "message": "p1", "content": self._content("published")}
        for review in (own, waiting):
            yield "card", {"review_id": review.id, "revision": 1, "content": self._content(f"card {review.id}")}
            yield "exhibit", {"review_id": review.id, "content": self._content(f"exhibit {review.id}")}
        yield "notice", {"content": self._content("queue of the moderators"), "message": "n1"}
        for chat, account in (("kenya", "net"), ("uganda", "slow")):
            quote = f"{word('profile name')}: > She says {word('wording 1')} and “quotes”\nI agree"
            values = {"content": codec.dump(codec.CONTENT, Content(text=plain(quote))), "message": f"q{chat}"}
            yield "post", {"post_id": self.answer.id, "chat": chat, "account": account, **values}
        decided = codec.dump(codec.CONTENT, Content(text=plain(f"Approved by {word('decided name')}, 12:00")))
        yield "card", {"review_id": self.others.id, "revision": 2, "content": decided, "detail": f"by {self.ref}"}

    def _content(self, where: str) -> str:
        text = plain(f"{self.word('name')}: {self.word(where) if where != 'queue of the moderators' else 'waits'}")
        return codec.dump(codec.CONTENT, Content(text=text, attachments=(self.file,) if where == "published" else ()))

    @property
    def hers(self) -> UserRef:
        return UserRef(AccountId("net"), UserId(self.word("user")))
