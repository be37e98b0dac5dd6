"""The six phones on the playground's page."""

from pathlib import Path

from bridge.playground import cast
from bridge.playground.botapi import UsersSide
from bridge.playground.matrix_device import MatrixDevice
from bridge.playground.matrix_side import FATIMA, HEALTH, MODERATORS, PETER, MatrixSide
from bridge.playground.phone_device import PhoneDevice
from bridge.playground.telegram_device import PRIVATE, TelegramChat, TelegramDevice

GROUP = "group"
Device = TelegramDevice | MatrixDevice | PhoneDevice
"""One person's phone. Actions raise DeviceRefused with a sentence for the person."""


def all_devices(users: UsersSide, matrix: MatrixSide, sms: Path) -> dict[str, Device]:
    """Every phone by its key, in the order of the page. ``sms`` is the loopback network's folder."""
    bot = TelegramChat(PRIVATE, cast.BOT_NAME, cast.BOT_ID)
    devices: list[Device] = [
        TelegramDevice(
            users,
            key="amina",
            person="Amina",
            about="community health worker, Telegram",
            user_id=cast.AMINA,
            chats=[TelegramChat(GROUP, "CHW Kenya", cast.CHW_KENYA), bot],
        ),
        TelegramDevice(
            users,
            key="grace",
            person="Grace",
            about="moderator, Telegram",
            user_id=cast.GRACE,
            chats=[TelegramChat(GROUP, "Moderators", cast.MODERATORS)],
        ),
        TelegramDevice(
            users,
            key="daniel",
            person="Daniel",
            about="midwife, Telegram",
            user_id=cast.DANIEL,
            chats=[TelegramChat(GROUP, "Midwives Uganda", cast.MIDWIVES_UGANDA), bot],
        ),
        MatrixDevice(matrix, key=FATIMA, person="Fatima", about="nurse, Matrix", rooms=[(HEALTH, "Health room")]),
        PhoneDevice(
            sms,
            key="joseph",
            person="Joseph",
            about="village health volunteer, SMS",
            number=cast.JOSEPH_NUMBER,
            full_name="Joseph Kamau",
        ),
        MatrixDevice(matrix, key=PETER, person="Peter", about="moderator, Matrix", rooms=[(MODERATORS, "Moderators")]),
    ]
    return {device.key: device for device in devices}
