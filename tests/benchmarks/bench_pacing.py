"""How much of what Telegram permits is used, and whether it ever answers 429: the strict simulator with its limits on.

A backlog goes to ten groups (bound by 20 a minute in each) and then to a hundred (bound by the whole bot's rate: the
30 a second that the program keeps to unless told otherwise, and 25). Beside the time that it took stands the least that
Telegram's own limits allow: 30 a second.
"""

import asyncio
import os
import time

from bridge.playground.botapi import BotApiSimulator
from tests.benchmarks.common import backlog, machine, table

FEW, MANY = 10, 100
POSTS = int(os.environ.get("BARAZA_BENCH_POSTS", "45"))


def toml(simulator: BotApiSimulator, token: str, groups: list[int], rate: int) -> str:
    os.environ["BARAZA_BENCH_TOKEN"] = token
    rows = "".join(f'[[communities.groups]]\nchat = "telegram:{group}"\nintake = "none"\n' for group in groups)
    return f"""
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:1"
[accounts.people]
kind = "loopback"
directory = "people"
thin = false
[accounts.telegram]
kind = "telegram"
token = "env:BARAZA_BENCH_TOKEN"
api_url = "{simulator.url}"
messages_per_second = {rate}
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
undo_seconds = 0
{rows}"""


def least(posts: int, groups: int, bot_per_second: int) -> float:
    """Seconds that the limits alone take: one a second and twenty a minute in a group, so many a second in all."""
    in_a_group = (posts - 1) // 20 * 60 + (posts - 1) % 20
    return max(in_a_group, posts * groups / bot_per_second)


async def measure(groups: int, posts: int, rate: int) -> tuple[float, int, int]:
    """Seconds, sends, and answers of 429."""
    simulator = BotApiSimulator()
    await simulator.start()
    refused = 0
    limiter = simulator.world.limiter
    refuse = limiter._refuse

    def counted(wait: float) -> None:
        nonlocal refused
        refused += wait > 0
        refuse(wait)

    limiter._refuse = counted  # type: ignore[method-assign]
    try:
        users = simulator.users
        grace = await users.create_user("Grace")
        bot = await users.create_bot("bench_bot", "Bench", privacy=False)
        chats = [
            await users.create_group(f"Group {n}", grace, supergroup=True, members=[bot["id"]]) for n in range(groups)
        ]
        async with backlog(toml(simulator, bot["token"], chats, rate), posts=posts) as work:
            began = time.perf_counter()
            count, _ = await work.carry_out()
            return time.perf_counter() - began, count, refused
    finally:
        await simulator.stop()


def main() -> None:
    about = machine()
    rows = []
    half = max(1, POSTS // 2)
    for groups, posts, rate in ((FEW, POSTS, 30), (MANY, half, 30), (MANY, half, 25)):
        seconds, count, refused = asyncio.run(measure(groups, posts, rate))
        bound = least(posts, groups, 30)
        rows.append(
            (
                f"{posts} posts to {groups} groups, at most {rate}/s",
                f"{seconds:.1f}",
                f"{bound:.1f}",
                f"{bound / seconds:.0%}",
                refused,
            )
        )
        assert count == posts * groups
    table(f"Pacing at the Telegram simulator ({about})", ("what", "seconds", "least", "used", "429"), rows)


if __name__ == "__main__":
    main()
