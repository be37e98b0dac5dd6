"""Places as Matrix says them: ``geo:`` addresses, what stands beside them, and back.

https://spec.matrix.org/latest/client-server-api/#mlocation, https://www.rfc-editor.org/rfc/rfc5870,
https://github.com/matrix-org/matrix-spec-proposals/pull/3488
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from bridge.core.hygiene import clean_line
from bridge.core.message import Place, Uncarried, UncarriedKind
from bridge.core.ports import Json

_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d{1,20})?),(-?\d{1,3}(?:\.\d{1,20})?)(?:,[^;]*)?((?:;[^;]*)*)", re.IGNORECASE)
_UNCERTAIN = re.compile(r";u=(\d{1,8}(?:\.\d{1,10})?)(?:;|$)", re.IGNORECASE)
_LOCATION = ("m.location", "org.matrix.msc3488.location")


def read_place(content: Mapping[str, Any], body: str) -> Uncarried:
    """What an ``m.location`` shows; where its address says nothing, its words are still there."""
    extended: Mapping[str, Any] = next((content[key] for key in _LOCATION if isinstance(content.get(key), Mapping)), {})
    where = next((uri for uri in (content.get("geo_uri"), extended.get("uri")) if isinstance(uri, str)), "")
    described = extended.get("description")
    # Apps write an address and a date into the body, for those that know no places: that names nothing.
    name = described if isinstance(described, str) and described else "" if "geo:" in body.lower() else body
    name = clean_line(name)
    place = place_of(where, name)
    detail = ", ".join(part for part in (name, clean_line(where) if place is None else point(place)) if part)
    return Uncarried(kind=UncarriedKind.LOCATION, detail=detail, place=place)


def place_of(uri: str, title: str = "") -> Place | None:
    """The place of a ``geo:`` address; None where it is none on this earth."""
    found = _GEO.fullmatch(uri.strip())
    if found is None or ";crs=" in found[3].lower().replace(";crs=wgs84", ""):
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    uncertain = _UNCERTAIN.search(found[3])
    return Place(
        latitude=latitude, longitude=longitude, title=title, accuracy=float(uncertain[1]) if uncertain else None
    )


def is_on_earth(place: Place) -> bool:
    return -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180  # not a number is neither


def point(place: Place) -> str:
    """Latitude and longitude, as maps take them."""
    return f"{_degrees(place.latitude)}, {_degrees(place.longitude)}"


def place_content(place: Place) -> dict[str, Json]:
    """The content of a message that shows this place on a map."""
    uri = f"geo:{_degrees(place.latitude)},{_degrees(place.longitude)}"
    if place.accuracy is not None and math.isfinite(place.accuracy) and place.accuracy >= 0:
        uri += f";u={place.accuracy:.0f}"
    name = ", ".join(part for part in (place.title, place.address) if part)
    body = f"{name} ({uri})" if name else uri
    location: dict[str, Json] = {"uri": uri}
    if name:
        location["description"] = name
    return {
        "msgtype": "m.location",
        "body": body,
        "geo_uri": uri,
        "org.matrix.msc3488.location": location,
        "org.matrix.msc3488.asset": {"type": "m.pin"},
        "org.matrix.msc1767.text": body,
        "m.mentions": {},
    }


def _degrees(value: float) -> str:
    # Six places are a hand's breadth; an exponent would be no address.
    written = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written
