"""What readers by SMS are sent, in twelve languages, read from the ledger of what was really handed over."""

from pathlib import Path

import pytest

from bridge.core.gsm import segments
from bridge.storage import handovers
from bridge.storage.models import Delivery
from bridge.storage.models_handover import Handover
from tests.acceptance.test_sms_walk import JOAO, Town, secrets
from tests.acceptance.world import until
from tests.sms_gateways import KannelStub

POSTS = {
    "en": "Misoprostol at home – which dose? There’s no protocol here; some give 400, some 600 mcg. We had four women "
    "this month who bled after the birth, and the clinic is two hours away. What do you do, and who decides?",
    "fr": "Le misoprostol à domicile : quelle dose ? Il n’y a pas de protocole ici ; certaines donnent 400, d’autres 600 "
    "µg. Être prêtes pour l’hémorragie, c’est notre tâche, mais où trouver le médicament ? Nous en manquons.",
    "pt": "Misoprostol em casa: qual é a dose? Não há protocolo; algumas dão 400, outras 600 mcg. Tivemos quatro mulheres "
    "com hemorragia este mês, e o centro de saúde fica a duas horas. O que é que fazem na vossa região?",
    "es": "¿Misoprostol en casa: qué dosis? Aquí no hay protocolo; unas dan 400, otras 600 mcg. Este mes cuatro mujeres "
    "sangraron después del parto, y la clínica está a dos horas. ¿Qué hacéis vosotras? ¿Quién lo decide?",
    "sw": "Misoprostol nyumbani: dozi ipi? Hakuna mwongozo hapa; wengine hutoa 400, wengine 600 mcg. Mwezi huu wanawake "
    "wanne walitokwa na damu baada ya kujifungua, na kituo kiko mbali. Ninyi mnafanyaje, na nani anaamua?",
    "ha": "Misoprostol a gida: nawa ne adadin? Babu ƙa’ida a nan; waɗansu suna ba da 400, waɗansu 600 mcg. A wannan wata "
    "mata huɗu sun zubar da jini bayan haihuwa, asibiti kuma yana da nisa ƙwarai. Me kuke yi?",
    "yo": "Mísópúróstọ́ọ̀lù nílé: ìwọ̀n wo ni? Kò sí ìlànà níbí; àwọn kan ń fún 400, àwọn mìíràn 600 mcg. Obìnrin mẹ́rin "
    "ta ẹ̀jẹ̀ lẹ́yìn ìbí ní oṣù yìí, ilé ìwòsàn sì jìnnà. Kí ni ẹ máa ń ṣe?",
    "am": "ሚሶፕሮስቶል በቤት ውስጥ፦ ስንት መጠን? እዚህ መመሪያ የለም፤ አንዳንዶች 400፣ ሌሎች 600 ማይክሮግራም ይሰጣሉ። በዚህ ወር አራት ሴቶች ከወሊድ በኋላ ደም ፈሷቸዋል። ምን ታደርጋላችሁ?",
    "ar": "الميزوبروستول في البيت: ما الجرعة؟ لا يوجد بروتوكول هنا؛ بعضهم يعطي 400 وبعضهم 600 ميكروغرام. هذا الشهر نزفت "
    "أربع نساء بعد الولادة، والعيادة على بعد ساعتين. ماذا تفعلون؟",
    "hi": "घर पर मिसोप्रोस्टोल: कितनी खुराक? यहाँ कोई नियम नहीं है; कुछ 400, कुछ 600 माइक्रोग्राम देते हैं। इस महीने चार महिलाओं को "
    "प्रसव के बाद रक्तस्राव हुआ। आप क्या करते हैं?",
    "bn": "বাড়িতে মিসোপ্রোস্টল: কত মাত্রা? এখানে কোনো নিয়ম নেই; কেউ ৪০০, কেউ ৬০০ মাইক্রোগ্রাম দেন। এই মাসে চারজন নারীর প্রসবের "
    "পর রক্তক্ষরণ হয়েছে। আপনারা কী করেন?",
    "ig": "Misoprostol n’ụlọ: ole bụ ọgwụ? Enweghị iwu ebe a; ụfọdụ na-enye 400, ndị ọzọ 600 mcg. N’ọnwa a ụmụ nwaanyị "
    "anọ gbara ọbara mgbe ha mụsịrị nwa, ụlọ ọgwụ dịkwa anya. Gịnị ka unu na-eme?",
}
FOLDED = {"en", "fr", "pt", "es", "sw", "ha"}
"""Those whose readers read them without accents: one SMS. The others stay as they are written: two."""


async def test_no_message_costs_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = KannelStub()
    secrets(monkeypatch, stub)
    async with Town(tmp_path, stub, more="pushes_per_day = 0").open() as town:
        await town.says(JOAO, "JOIN", "You are now a member")
        await town.says(JOAO, "IMMEDIATE", "")
        for number, (language, text) in enumerate(POSTS.items(), 1):
            town.world.chat.writes("amina", text, user="amina", name="Amina Okello", private=True)
            await until(lambda n=number: town.world.card(n))  # type: ignore[misc]
            town.world.press("Approve", by="grace", number=number)
            pushed = await town.hears(JOAO, f"HIFA #{number} ")
            assert pushed.count("?") <= text.count("?") + text.count("؟") + text.count("፦"), f"{language}: {pushed}"
            found = segments(pushed)
            assert (found.encoding, found.count) in (
                [("gsm7", 1)] if language in FOLDED else [("gsm7", 1), ("ucs2", 2)]
            )
            if language not in FOLDED:
                words = text.split()[:2]
                assert all(word in pushed for word in words), f"{language} was changed: {pushed}"
            page = await town.says(JOAO, f"GET {number}", f"#{number}")
            assert segments(page).count <= 3
        copies = [row.id for row in await Delivery.filter(kind="copy")]
        assert len(copies) == len(POSTS)
        rows = await Handover.filter(channel="sms")
        assert {row.currency for row in rows} == {"KES"}
        assert all(row.cost == 800_000 * row.segments for row in rows)
        assert max(row.segments for row in rows) <= 3
        assert max(row.segments for row in rows if row.delivery_id in copies) <= 2
        pushes = [row.segments for row in rows if row.delivery_id in copies]
        assert pushes.count(1) >= len(FOLDED)
        spread = {(row.channel, row.kind): row for row in await handovers.spreads(rows[0].handed_at)}
        assert spread["sms", "copy"].segments_p50 in (1, 2)
        assert spread["sms", "copy"].segments_p95 == 2
        assert spread["sms", "notice"].segments_p95 <= 3
        assert spread["loopback", "post"].bytes_p95 > 0
        [month] = [line for line in await handovers.months(rows[0].handed_at) if line.channel == "sms"]
        assert month.messages == len(rows)
        assert month.segments == sum(row.segments for row in rows)
        assert month.cost is not None
        assert month.cost.amount * 1_000_000 == sum(row.cost for row in rows)
