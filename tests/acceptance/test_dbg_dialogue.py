import asyncio
from tests.acceptance.test_dialogue import *
async def test_dbg(tmp_path):
    world = make(tmp_path, "consent_to_edits = true")
    async with world.bridge():
        message = says(world, "Give 40 mg")
        await until(lambda: world.card())
        instructs(world, "edit: Give 400 mg")
        request = await heard(world, "only if you agree")
        says(world, "Where do you have that from?", reply_to=request.id)
        await asyncio.sleep(2)
        print(world.card_text()); print(world.texts("amina"))
        from tests.acceptance.test_review_findings import rows
        print(rows(world,"select * from query"))
        assert 0
