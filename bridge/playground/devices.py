"""The devices on the playground's page."""

from bridge.playground import cast
from bridge.playground.botapi import UsersSide
from bridge.playground.mail_device import MailDevice
from bridge.playground.matrix_device import MatrixDevice
from bridge.playground.matrix_side import FATIMA, HEALTH, MODERATORS, PETER, MatrixSide
from bridge.playground.phone_device import PhoneDevice
from bridge.playground.post_office import PostOffice
from bridge.playground.sms_gateway import SmsGateway
from bridge.playground.telegram_device import PRIVATE, TelegramChat, TelegramDevice
from bridge.playground.web_device import WebDevice

GROUP = "group"
Device = TelegramDevice | MatrixDevice | PhoneDevice | MailDevice | WebDevice
"""One person's phone. Actions raise DeviceRefused with a sentence for the person."""


def all_devices(
    users: UsersSide, matrix: MatrixSide, gateway: SmsGateway, office: PostOffice, *, web: str
) -> dict[str, Device]:
    """Every device by its key, in the order of the page. ``web`` is where the bridge's pages are on this machine."""
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
            gateway,
            key="joseph",
            person="Joseph",
            about="village health volunteer, SMS",
            number=cast.JOSEPH_NUMBER,
        ),
        MailDevice(
            office,
            key="esther",
            person="Esther",
            about="midwifery tutor, e-mail",
            address=cast.ESTHER_ADDRESS,
            full_name="Esther Banda",
            community=cast.COMMUNITY_ADDRESS,
            web=(cast.PUBLIC_URL, web),
        ),
        MatrixDevice(matrix, key=PETER, person="Peter", about="moderator, Matrix", rooms=[(MODERATORS, "Moderators")]),
        WebDevice(
            key="reader",
            person="Anyone",
            about="the archive, in a browser",
            public=cast.PUBLIC_URL,
            local=web,
            home=f"/{cast.COMMUNITY_ID}",
        ),
    ]
    return {device.key: device for device in devices}
