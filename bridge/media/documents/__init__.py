"""Documents keep their words, and lose what their author's program wrote beside them: names, times, places of photos.

In place: what goes is overwritten with as many bytes, so that nothing else in the file moves. What cannot be read that
way, or would be broken by it (signed and encrypted documents), stays as it came. Nothing is refused here.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from bridge.media.documents import packed, pdf
from bridge.media.documents.changes import Change

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
CLEANERS: Mapping[str, Callable[[BinaryIO], list[Change]]] = {
    "application/pdf": pdf.changes,
    **{f"{_OOXML}{kind}": packed.changes for kind in ("wordprocessingml.document", "spreadsheetml.sheet")},
    f"{_OOXML}presentationml.presentation": packed.changes,
    **{f"{_ODF}{kind}": packed.changes for kind in ("text", "spreadsheet", "presentation")},
}


def clean(path: Path, mime: str) -> bool:
    """In place; False where nothing was done. All changes are found before the first is made."""
    if mime not in CLEANERS:
        return False
    with path.open("r+b") as file:
        try:
            found = CLEANERS[mime](file)
        except Exception:  # whatever a reader raises for an odd file: it stays as it came, as it always did
            return False
        for place, data in found:
            file.seek(place)
            file.write(data)
    return bool(found)
