"""Files of members: what is handed over, and what never is."""

import pytest

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.errors import MediaRefused
from bridge.core.events import MessagePosted
from bridge.core.ids import ChatId
from bridge.core.message import AttachmentKind, RemoteFile
from bridge.media.refusal import MediaReason, UnfitMedia
from tests.unit.adapters.telegram.conftest import Village

# --- fetching -------------------------------------------------------------------------------------------------------


async def fetched(adapter: TelegramAdapter, ref: str, limit: int = 1000) -> bytes:
    file = RemoteFile(ref=ref, kind=AttachmentKind.DOCUMENT)
    return b"".join([piece async for piece in adapter.fetch(file, limit=limit)])


async def test_a_file_that_telegram_will_not_hand_over(village: Village, adapter: TelegramAdapter) -> None:
    with pytest.raises(MediaRefused, match="sent again"):
        await fetched(adapter, "no-such-file")
    village.simulator.fail_next("getFile", 502)
    with pytest.raises(ConnectionError):
        await fetched(adapter, "no-such-file")


async def file_of_amina(village: Village, adapter: TelegramAdapter, data: bytes) -> str:
    await village.simulator.users.send_file(village.amina, village.group, "document", data, "x.bin")
    event = await village.sink.first(MessagePosted, lambda e: bool(e.files))
    return event.files[0].ref


async def test_over_20_mb_the_reason_is_said(village: Village, adapter: TelegramAdapter) -> None:
    ref = await file_of_amina(village, adapter, b"x" * 21_000_000)
    with pytest.raises(MediaRefused, match="20 MB"):
        await fetched(adapter, ref, limit=50_000_000)


async def test_a_path_on_the_servers_disk_is_never_opened(
    village: Village, adapter: TelegramAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = village.directory / "passwd"
    secret.write_text("secret")
    for path in (str(secret), "../../etc/passwd", "documents/../../x", "file:///etc/passwd", "c:\\x", "\\\\host\\x"):

        async def local(method: str, params: object, path: str = path) -> object:
            return {"file_id": "x", "file_path": path}

        monkeypatch.setattr(adapter._client, "_post", local)
        with pytest.raises(MediaRefused, match="without --local"):
            await fetched(adapter, "x")


async def test_files_of_a_server_of_our_own_are_read_from_its_folder_and_from_nowhere_else(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = village.directory / "server"
    folder.mkdir()
    (folder / "film").write_bytes(b"x" * 100_000)
    (village.directory / "passwd").write_text("secret")
    (folder / "link").symlink_to(village.directory / "passwd")
    adapter = village.adapter(server_files=str(folder))
    answers = dict[str, object](file_path=str(folder / "film"))

    async def local(method: str, params: object) -> object:
        return answers

    monkeypatch.setattr(adapter._client, "_post", local)
    assert await fetched(adapter, "x", limit=200_000) == b"x" * 100_000
    with pytest.raises(MediaRefused, match="larger"):
        await fetched(adapter, "x", limit=99_999)
    for path in (village.directory / "passwd", folder / "link", folder / ".." / "passwd"):
        answers["file_path"] = str(path)
        with pytest.raises(MediaRefused, match="outside"):
            await fetched(adapter, "x")
    answers["file_path"] = str(folder / "gone")
    with pytest.raises(MediaRefused, match="sent again"):
        await fetched(adapter, "x")
    assert adapter.capabilities(ChatId("-1")).max_received_bytes == 2_000_000_000


async def test_a_file_that_no_bot_is_handed_is_known_before_it_is_fetched(village: Village) -> None:
    adapter = village.adapter()
    file = RemoteFile(ref="x", kind=AttachmentKind.VIDEO, size=20_000_001)
    assert adapter.capabilities(ChatId("-1")).max_received_bytes == 20_000_000
    with pytest.raises(UnfitMedia) as refused:  # never started: a request would be an OSError
        await anext(adapter.fetch(file, limit=50_000_000))
    assert refused.value.reason is MediaReason.TOO_BIG
