"""Somebody's name over words of theirs that others passed on, where the platform said whose they are."""

from dataclasses import replace

from tortoise.expressions import Q

from bridge.storage import codec
from bridge.storage.models import Post, Revision, Source
from bridge.storage.personal import Subject

_MODELS: tuple[type[Source] | type[Revision] | type[Post], ...] = (Source, Revision, Post)


def _passed_on(subject: Subject) -> Q:
    found = Q(id__in=[0])
    for ref in subject.refs:
        found |= Q(uncarried__contains=f'"whose":{codec.quoted(ref)}')
    return found


async def posts_naming(subject: Subject) -> list[int]:
    """The posts of others over which the person's name stands as that of whose words were forwarded."""
    found = Post.filter(_passed_on(subject)).exclude(id__in=list(subject.posts) or [0]).order_by("id")
    return [int(str(number)) for number in await found.values_list("id", flat=True)]


async def forget_names(subject: Subject) -> None:
    """The words stay, which are their sender's message; that they were forwarded, too; whose they were does not."""
    for model in _MODELS:
        for row in await model.filter(_passed_on(subject)):
            told = codec.load(codec.UNCARRIED, row.uncarried)
            left = tuple(replace(item, detail="", whose="") if item.whose in subject.refs else item for item in told)
            await model.filter(id=row.id).update(uncarried=codec.dump(codec.UNCARRIED, left))
