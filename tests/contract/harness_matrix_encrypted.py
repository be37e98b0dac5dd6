"""The Matrix adapter in encrypted rooms: what is said and shown there goes through a member's own encrypting app."""

from dataclasses import replace
from typing import Any

from bridge.core.message import RemoteFile
from bridge.playground.matrix_user import MatrixUser
from tests.contract.harness_matrix import MatrixHarness
from tests.contract.matrix_sealed import SealedUser
from tests.servers import unique


class EncryptedHarness(MatrixHarness):
    far_side_loggers = (*MatrixHarness.far_side_loggers, "nio.crypto")
    encrypted = True
    member: SealedUser

    def gone(self, file: RemoteFile) -> RemoteFile:
        place, _, keys = file.ref.partition("#")
        return replace(file, ref=f"{place[:-6]}nosuch#{keys}")

    async def _member(self, name: str) -> MatrixUser:
        login = await self.synapse.register(unique("member"), displayname=name)
        self.directory.mkdir(exist_ok=True)
        self.member = SealedUser(self.synapse.url, login, str(self.directory))
        await self.member.appears()
        return self.member

    async def _made(self, owner: MatrixUser, room: str) -> None:
        path = f"/_matrix/client/v3/rooms/{room}/state/m.room.encryption"
        await owner._call("PUT", path, {"algorithm": "m.megolm.v1.aes-sha2"})

    async def _read(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ours = [e for e in events if e["sender"] == self.login.user_id and e["type"] == "m.room.message"]
        assert not ours, "the bridge wrote in the clear into an encrypted room"
        return await self.member.opened(events)
