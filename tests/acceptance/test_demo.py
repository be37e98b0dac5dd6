"""The demo as a visitor meets it: the real program, the real bridge behind it, and only the page's own forms."""

import asyncio
import fcntl
import os
import re
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from bridge.playground.synapse import SynapseServer
from tests.acceptance.demo_page import ROOT, running_demo, spawn, words
from tests.servers import SYNAPSE_VENV

EVIL = '<img src=x onerror="alert(1)"> & <b>bold</b>'


async def test_a_post_goes_from_a_phone_through_a_moderator_to_every_group(tmp_path: Path) -> None:
    async with running_demo(tmp_path / "demo") as demo:
        assert re.fullmatch(r"Baraza playground: http://127\.0\.0\.1:\d+ \(Ctrl-C stops\)\n", demo.said)
        page = await demo.get("/")
        assert "Write as" in page
        await demo.ready()

        await demo.do("amina", "write", tab="group", text=f"Who has ORS to spare? {EVIL}")
        await demo.shows("amina", "private", "is with the moderators")
        card = await demo.shows("grace", "group", "Who has ORS to spare?", "waiting for a decision")
        assert "Amina Okello" in card
        assert "Who has ORS to spare?" not in await demo.screen("amina", "group")  # held
        assert "Who has ORS to spare?" not in await demo.screen("daniel", "group")

        await demo.do("grace", "press", **await demo.button("grace", "group", "Approve"))
        for device, tab in (("amina", "group"), ("daniel", "group")):
            shown = await demo.shows(device, tab, "Who has ORS to spare?", "Amina Okello", EVIL)
            assert "Baraza Demo #1" in shown
        assert "Baraza Demo profile: Amina Okello" in await demo.screen("daniel", "group")
        headline = await demo.shows("joseph", "sms", "Baraza Demo #1 Amina Okello", "Who has ORS to spare?")
        assert "/160 · 1 SMS · GSM-7 · KES 0.80" in headline
        await demo.shows("esther", "inbox", "Amina Okello (Kenya) via Baraza Demo", "Who has ORS to spare?", "bytes")
        await demo.shows("grace", "group", "approved", "Arrived in 2 of 2 groups", "Private copies: 2 of 2")
        letter = await demo.newest_letter("esther")
        assert EVIL in await demo.screen("esther", letter)
        assert "Who has ORS to spare?" in words(await demo.archive())
        for path in ("/", "/screens/daniel?tab=group", "/screens/joseph?tab=sms", f"/screens/esther?tab={letter}"):
            assert "<img src=x" not in await demo.get(path)
        assert "<img src=x" not in await demo.archive()
        shown = await demo.shows("reader", "/demo", "Amina Okello", "bytes sent")
        assert "Who has ORS to spare?" in shown
        assert "<img src=x" not in await demo.get("/screens/reader?tab=/demo/1")

        await demo.do("esther", "write", tab=letter, text="We have two boxes in Lusaka.")
        await demo.shows("grace", "group", "We have two boxes in Lusaka.", "address proven by the mail server")
        await demo.shows("esther", "inbox", "is with the moderators")
        await demo.do("esther", "unsubscribe", tab=letter)
        await demo.shows("esther", "inbox", "the mail program sent POST, and the answer was 200")
        await demo.do("grace", "press", **await demo.button("grace", "group", "Approve"))
        await demo.shows("joseph", "sms", "Baraza Demo #2 Re #1 Esther Banda")
        await demo.do("joseph", "write", tab="sms", text="GET 2")
        await demo.shows("joseph", "sms", "We have two boxes in Lusaka.")
        assert "We have two boxes" not in await demo.screen("esther", await demo.newest_letter("esther"))

        await demo.do("joseph", "write", tab="sms", text="Two boxes at Ahero dispensary")
        await demo.shows("grace", "group", "Two boxes at Ahero dispensary", "waiting for a decision")
        await demo.do("grace", "press", **await demo.button("grace", "group", "Reject"))
        assert "Two boxes at Ahero" not in await demo.screen("daniel", "group")
        await demo.do("joseph", "write", tab="sms", text="STOP")
        await demo.shows("joseph", "sms", "I write to you no more")
        assert await demo.stop() == 0
        assert demo.said.count("\n") == 1, demo.said


async def test_a_restart_shows_the_same_and_goes_on(tmp_path: Path) -> None:
    async with running_demo(tmp_path) as demo:
        await demo.ready()
        await demo.do("joseph", "write", tab="sms", text="first question")
        await demo.shows("grace", "group", "first question")
        await demo.shows("joseph", "sms", "is with the moderators")
        before = {(d, t): await demo.screen(d, t) for d, t in (("joseph", "sms"), ("grace", "group"))}
        assert await demo.stop(signal.SIGTERM) == 0
    async with running_demo(tmp_path) as demo:
        for (device, tab), shown in before.items():
            assert await demo.screen(device, tab) == shown
        await demo.ready()
        await demo.do("grace", "press", **await demo.button("grace", "group", "Approve"))
        await demo.shows("daniel", "group", "first question")
        assert await demo.stop() == 0


async def test_secrets_are_for_the_owner_only_and_nothing_is_shown_of_them(tmp_path: Path) -> None:
    async with running_demo(tmp_path / "demo") as demo:
        await demo.ready()
        data = tmp_path / "demo"
        token = (data / "secrets" / "telegram-token").read_text().strip()
        assert token not in (data / "baraza.toml").read_text()
        assert token not in (data / "baraza.log").read_text()
        for path in (data, data / "secrets", data / "secrets" / "telegram-token", data / "baraza.toml"):
            assert path.stat().st_mode & 0o077 == 0, path
        assert await demo.stop() == 0


async def test_other_pages_and_other_names_are_refused(tmp_path: Path) -> None:
    async with running_demo(tmp_path) as demo, aiohttp.ClientSession() as stranger:
        url = f"{demo.url}/devices/amina/write"
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            async with stranger.post(url, data={"tab": "group", "text": "forged"}, headers=headers) as answer:
                assert answer.status == 403
        async with stranger.get(demo.url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        assert "forged" not in await demo.screen("amina", "group")
        port = int(demo.url.rpartition(":")[2])
        others = {str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in others - {"127.0.0.1"}:
            with pytest.raises(OSError, match="refused"):
                await asyncio.open_connection(address, port)
        assert await demo.stop() == 0


async def test_a_taken_port_and_a_taken_folder_are_said_in_a_sentence(tmp_path: Path) -> None:
    async with running_demo(tmp_path / "one") as demo:
        port = int(demo.url.rpartition(":")[2])
        for data, wanted in (
            (tmp_path / "two", f"Port {port} is not free"),
            (tmp_path / "one", "Another demo runs on"),
        ):
            second = await spawn(data, port=port if data.name == "two" else 0)
            said = (await second.communicate())[0].decode()
            assert second.returncode == 1
            assert said.startswith(wanted)
            assert "Traceback" not in said
        assert await demo.stop() == 0


async def test_an_unreadable_state_says_what_to_remove(tmp_path: Path) -> None:
    (tmp_path / "telegram.json").write_text('{"format": 99}')
    process = await spawn(tmp_path)
    said = (await process.communicate())[0].decode()
    assert process.returncode == 1
    assert f"remove {tmp_path}" in said
    assert "Traceback" not in said


async def test_a_bridge_that_cannot_start_says_why_and_is_started_again(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "baraza.db.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another Baraza on the same database does
        async with running_demo(tmp_path) as demo:
            await demo.status("Bridge: stopped (another Baraza is already running")
            fcntl.flock(lock, fcntl.LOCK_UN)
            await demo.status("Bridge: running")
            assert await demo.stop() == 0
    finally:
        os.close(lock)


async def test_where_synapse_cannot_be_had_the_page_says_so_and_the_rest_works(tmp_path: Path) -> None:
    taken = tmp_path / "no-directory"
    taken.write_text("")
    async with running_demo(tmp_path / "demo", venv=taken) as demo:
        shown = await demo.shows("fatima", "health", "Matrix cannot be had here", "Everything else works without it")
        assert "Cannot write to" in shown
        await demo.ready()
        await demo.do("amina", "write", tab="group", text="still here")
        await demo.shows("grace", "group", "still here")
        assert await demo.stop() == 0


@pytest.mark.timeout(240)
async def test_with_the_real_synapse_posts_reach_matrix_and_come_from_it(
    tmp_path: Path, synapse: SynapseServer
) -> None:
    del synapse  # only for its installation
    data = tmp_path / "demo"
    async with running_demo(data, venv=SYNAPSE_VENV) as demo:
        assert "Matrix is being prepared" in await demo.get("/")
        await demo.ready(matrix=True)
        await demo.do("fatima", "write", tab="health", text="What dose of zinc?")
        await demo.shows("peter", "moderators", "What dose of zinc?", "waiting for a decision", "✅ 1")
        await demo.shows("grace", "group", "What dose of zinc?")
        page = await demo.get("/screens/peter?tab=moderators")
        found = re.findall(r'name="message" value="([^"]+)">\s*<button name="key" value="✅"', page)
        await demo.do("peter", "react", tab="moderators", message=found[-1], key="✅")
        for device, tab in (("fatima", "health"), ("daniel", "group"), ("joseph", "sms"), ("esther", "inbox")):
            await demo.shows(device, tab, "What dose of zinc?", "Fatima Hassan")
        assert await demo.stop() == 0
    _assert_no_synapse(data)
    async with running_demo(data, venv=SYNAPSE_VENV) as demo:
        await demo.ready(matrix=True)
        await demo.shows("fatima", "health", "Baraza Demo #1", "What dose of zinc?")
        await demo.do("amina", "write", tab="group", text="20 mg a day")
        await demo.shows("grace", "group", "20 mg a day", "waiting for a decision")
        await demo.do("grace", "press", **await demo.button("grace", "group", "Approve"))
        await demo.shows("fatima", "health", "20 mg a day", "Amina Okello")
        assert await demo.stop(signal.SIGTERM) == 0
        assert demo.said.count("\n") == 1, demo.said
    _assert_no_synapse(data)


async def test_stopping_while_synapse_starts_leaves_nothing_behind(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse  # only for its installation
    async with running_demo(tmp_path / "demo", venv=SYNAPSE_VENV) as demo:
        await demo.shows("peter", "moderators", "starting Synapse")
        assert await demo.stop() == 0
        assert demo.said.count("\n") == 1, demo.said
    _assert_no_synapse(tmp_path / "demo")


def _assert_no_synapse(data: Path) -> None:
    wanted = os.fsencode(str(data / "synapse"))
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert wanted not in process.read_bytes(), process
        except (FileNotFoundError, ProcessLookupError):
            continue


def test_the_project_is_where_the_demo_looks_for_synapse() -> None:
    from bridge.playground.demo import default_venv

    assert default_venv(Path("/nowhere")) == ROOT / ".venv-synapse"
