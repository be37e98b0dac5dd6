"""Polls: what may be asked, who voted for what, and which bots hear of it."""

from typing import Any

from bridge.playground.botapi.entities import utf16_length
from bridge.playground.botapi.errors import bad_request, not_simulated
from bridge.playground.botapi.params import Params, check_fields
from bridge.playground.botapi.posting import bots_in, sees
from bridge.playground.botapi.render import render_chat, render_poll, render_user_id
from bridge.playground.botapi.state import Chat, JsonObject, Message, State
from bridge.playground.botapi.world import World

MAX_QUESTION, MAX_OPTION, MAX_OPTIONS = 300, 100, 12
MAX_EXPLANATION, MAX_LINE_FEEDS = 200, 2
MIN_PERIOD, MAX_PERIOD = 5, 2_628_000
_TEXT = ("text", "text_parse_mode", "text_entities")


def poll_content(world: World, params: Params) -> JsonObject:
    """Return a new poll as the Bot API shows it; raise `ApiError` for what Telegram refuses."""
    question = params.text("question").strip()
    if not question:
        raise bad_request("poll question must be non-empty")
    if utf16_length(question) > MAX_QUESTION:
        raise bad_request(f"poll question length must not exceed {MAX_QUESTION}")
    options = _options(params)
    kind = params.text("type") or "regular"
    if kind not in {"regular", "quiz"}:
        raise bad_request("unsupported poll type specified")
    anonymous = params.boolean("is_anonymous") if "is_anonymous" in params.values else True
    revoting = params.boolean("allows_revoting") if "allows_revoting" in params.values else kind == "regular"
    poll: JsonObject = {
        "id": str(world.state.next_poll_id),
        "question": question,
        "options": options,
        "total_voter_count": 0,
        "is_closed": params.boolean("is_closed"),
        "is_anonymous": anonymous,
        "type": kind,
        "allows_multiple_answers": params.boolean("allows_multiple_answers"),
        "allows_revoting": revoting,
        "members_only": params.boolean("members_only"),
    }
    poll |= _quiz(params, poll, len(options)) | _ending(world, params)
    world.state.next_poll_id += 1
    return poll


def _options(params: Params) -> list[JsonObject]:
    raw = params.json("options", "options")
    if not isinstance(raw, list):
        raise bad_request("expected an Array of String as options")
    if not raw:
        raise bad_request("[simulator] a poll has 1-12 options")
    if len(raw) > MAX_OPTIONS:
        raise bad_request(f"poll can't have more than {MAX_OPTIONS} options")
    options: list[JsonObject] = []
    for number, item in enumerate(raw):
        fields = {"text": item} if isinstance(item, str) else check_fields(item, "InputPollOption", _TEXT)
        text: Any = fields.get("text")
        if fields.get("text_entities") or fields.get("text_parse_mode"):
            raise not_simulated("a formatted option of a poll")
        if not isinstance(text, str) or not text.strip():
            raise bad_request("poll options must be non-empty")
        if utf16_length(text.strip()) > MAX_OPTION:
            raise bad_request(f"poll options length must not exceed {MAX_OPTION}")
        options.append({"persistent_id": str(number), "text": text.strip(), "voter_count": 0})
    return options


def _quiz(params: Params, poll: JsonObject, count: int) -> JsonObject:
    correct = params.integers("correct_option_ids")
    explanation = params.text("explanation")
    if poll["type"] == "regular":
        if correct is not None or explanation:
            raise bad_request("[simulator] only a quiz has correct options and an explanation")
        return {}
    if not correct or correct != sorted(set(correct)) or not all(0 <= number < count for number in correct):
        raise bad_request("wrong correct option ID specified")
    if len(correct) > 1 and not poll["allows_multiple_answers"]:
        raise bad_request("[simulator] several correct options need allows_multiple_answers")
    if utf16_length(explanation) > MAX_EXPLANATION or explanation.count("\n") > MAX_LINE_FEEDS:
        raise bad_request("[simulator] a quiz's explanation has at most 200 characters and 2 line feeds")
    return {"correct_option_ids": correct, **({"explanation": explanation} if explanation else {})}


def _ending(world: World, params: Params) -> JsonObject:
    period, date = params.integer("open_period"), params.integer("close_date")
    if period and date:
        raise bad_request("[simulator] open_period and close_date exclude each other")
    left = period or (date - world.now() if date else 0)
    if (period or date) and not MIN_PERIOD <= left <= MAX_PERIOD:
        raise bad_request(f"[simulator] a poll is open for {MIN_PERIOD} to {MAX_PERIOD} seconds")
    if not left:
        return {}
    return {"open_period": left, "close_date": world.now() + left}


def is_open(world: World, poll: JsonObject) -> bool:
    """Whether votes count: neither stopped nor past its end."""
    return not poll["is_closed"] and not (poll.get("close_date") and world.now() >= poll["close_date"])


def vote(world: World, chat: Chat, message: Message, user_id: int, options: list[int], as_chat: Chat | None) -> None:
    """Count somebody's choice (an empty list takes the vote back) and tell the bot that sent the poll."""
    poll = message.content["poll"]
    if not is_open(world, poll):
        raise bad_request("MESSAGE_POLL_CLOSED")
    known = range(len(poll["options"]))
    if any(number not in known for number in options) or len(set(options)) != len(options):
        raise bad_request("OPTION_INVALID")
    if len(options) > 1 and not poll["allows_multiple_answers"]:
        raise bad_request("OPTIONS_TOO_MUCH")
    voted = message.votes.get(str(user_id))
    if voted is not None and not poll["allows_revoting"]:
        raise bad_request("REVOTE_NOT_ALLOWED")
    if options:
        message.votes[str(user_id)] = sorted(options)
    else:
        message.votes.pop(str(user_id), None)
    count_votes(poll, message)
    sender = world.state.accounts.get(message.sender_id or 0)
    if sender is not None and sender.is_bot:
        if poll["is_anonymous"]:
            world.push(sender.id, "poll", render_poll(poll))
        else:
            world.push(sender.id, "poll_answer", _answer(world.state, poll, user_id, sorted(options), as_chat))
    world.touch()


def count_votes(poll: JsonObject, message: Message) -> None:
    """Write the numbers of votes into the poll."""
    for number, option in enumerate(poll["options"]):
        option["voter_count"] = sum(number in chosen for chosen in message.votes.values())
    poll["total_voter_count"] = len(message.votes)


def _answer(state: State, poll: JsonObject, user_id: int, options: list[int], as_chat: Chat | None) -> JsonObject:
    answer: JsonObject = {
        "poll_id": poll["id"],
        "option_ids": options,
        "option_persistent_ids": [poll["options"][number]["persistent_id"] for number in options],
    }
    if as_chat is not None:
        return {**answer, "voter_chat": render_chat(state, as_chat)}
    return {**answer, "user": render_user_id(state, user_id)}


def stop(world: World, chat: Chat, message: Message) -> None:
    """Close a poll for good; the bots that see it hear its last state."""
    poll = message.content["poll"]
    if not is_open(world, poll):
        raise bad_request("poll has already been closed")
    poll["is_closed"] = True
    for bot in bots_in(world, chat):
        if message.sender_id == bot.id or sees(world, chat, bot, message):
            world.push(bot.id, "poll", render_poll(poll))
    world.touch()
