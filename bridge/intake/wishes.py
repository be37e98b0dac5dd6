"""Single words that members of any phone can write: JOIN, DAILY, PAUSE, LEAVE, STOP, in five languages.

Each is a wish only where it is the whole message; in any other a word is what its author meant it to be.
"""

import re

from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.members.answers import folded
from bridge.storage import invitations

_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "arret", "arreter", "desabonner", "parar", "pare", "alto", "baja", "acha"}
    | {"komesha", "simamisha", "koma", "simama", "detener", "deten", "detenga", "detente", "darse de baja", "arrete"}
    | {
        "arretez",
        "desinscrire",
        "se desabonner",
        "desinscription",
        "desinscrever",
        "descadastrar",
        "cancelar inscricao",
    }
    | {"desuscribir", "desuscribirme", "cancelar suscripcion", "jooji", "توقف", "ايقاف", "አቁም"}
)
"""Without accents. What carriers know as such, and the same in the other languages."""
_CARRIERS = frozenset(
    {"cancel", "end", "quit", "revoke", "optout", "opt out", "dakatar", "dakata", "sitisha", "sair"}
) | {*("cancelar", "annuler", "fin", "fim", "mwisho", "ghairi", "terminar")}
_BEFORE = r"(?:(?:please|pls|por favor|tafadhali|s'il vous plait|svp)\s+)?"
_AFTER = (
    r"(?:[\s,]+(?:please|pls|por favor|tafadhali|s'il vous plait|svp|now|ya|agora|maintenant|sasa|all|tout|tous|tudo"
    r"|todo|todos|yote|sms|texts?|messages?|mensajes|mensagens|ujumbe|to|a|al|au|ao|\+?\d{3,15})){0,4}"
)
_STOPS = re.compile(rf"{_BEFORE}(?:{'|'.join(sorted(_STOP))}){_AFTER}")
"""What people write to a number: "Stop please", "STOP 40404"."""
_HELP = frozenset({"info", "aide", "ajuda", "ayuda", "msaada", "taimako"})
_START = frozenset({"unstop", "demarrer", "commencer", "comecar", "iniciar", "empezar", "anza", "fara"})
_PROFILE = frozenset({"profil", "perfil", "mon profil", "mi perfil", "meu perfil", "wasifu", "wasifu wangu"})
_STATUS = frozenset({"statut", "mes messages", "estado", "mis mensajes", "minhas mensagens", "hali", "ujumbe wangu"})
_JOIN = (
    "join",
    "rejoindre",
    "adherer",
    "participar",
    "aderir",
    "entrar",
    "unirse",
    "unirme",
    "jiunge",
    "kujiunga",
    "nijiunge",
)
_READING: dict[Reading, tuple[str, ...]] = {
    Reading.IMMEDIATE: ("immediate", "immediat", "imediato", "inmediato", "mara moja", "papo hapo"),
    Reading.DAILY: ("daily", "quotidien", "chaque jour", "diario", "kila siku"),
    Reading.WEEKLY: ("weekly", "hebdomadaire", "hebdo", "semanal", "kila wiki"),
    Reading.MONTHLY: ("monthly", "mensuel", "mensal", "mensual", "kila mwezi"),
}
_AWAY = frozenset({"away", "pause", "pausa", "sitisha", "pumzika"})
_BACK = frozenset({"back", "resume", "retour", "reprendre", "voltei", "retomar", "volver", "reanudar", "nimerudi"})
_LEAVE = frozenset({"leave", "quitter", "sair", "salir", "ondoka", "toka"})
_SETTINGS = frozenset({"settings", "reglages", "parametres", "definicoes", "configuracoes", "ajustes", "mipangilio"})
_SETTING = re.compile(
    rf"(?:{'|'.join(sorted(_SETTINGS))})\s+"
    r"(?P<what>(?:reading|language|media|hour|zone|quiet|away|leave)(?:\s+\S.{0,30})?)"
)
_JOINING = re.compile(rf"(?:{'|'.join(_JOIN)})(?:[\s:]+(?P<what>\S(?:.{{0,40}}\S)?))?")
_AWAY_UNTIL = re.compile(rf"(?:(?:{'|'.join(sorted(_AWAY - {'away'}))})\s+|away\s+(?=until\s))(?P<until>\S.{{0,40}})")
"""After AWAY only what begins with "until": "Away from the clinic today" is a message."""
_ROUND = " .!¡\"'“”„«»‹›*"
_LONGEST = 60


def is_stop(text: str, *, carrier: bool = False) -> bool:
    """Is it the whole message? Then it is honoured before anything else.

    ``carrier``: by SMS networks honour more words, whatever else they may mean.
    """
    if len(text) > _LONGEST:
        return False
    said = folded(text).strip(_ROUND)
    return said in _STOP or (carrier and (said in _CARRIERS or _STOPS.fullmatch(said) is not None))


def typed(text: str) -> tuple[str, str] | None:
    """The command that a message of one or two words stands for, with its argument; None for all others.

    What follows JOIN is looked at later, by who knows the communities (``names``).
    """
    if len(text) > _LONGEST or "\n" in text.strip():
        return None
    said = folded(text)
    for reading, listed in _READING.items():
        if said in listed:
            return "settings", f"reading {reading.value}"
    if said in _HELP:
        return "help", ""
    if said in _START:
        return "start", ""
    if said in _PROFILE:
        return "profile", ""
    if said in _STATUS:
        return "status", ""
    if said in _AWAY:
        return "away", ""
    if said in _BACK:
        return "back", ""
    if said in _LEAVE:
        return "leave", ""
    if said in _SETTINGS:
        return "settings", ""
    if (match := _SETTING.fullmatch(said)) is not None:
        return "settings", match["what"]
    if (match := _AWAY_UNTIL.fullmatch(said)) is not None:
        return "away", match["until"]
    if (match := _JOINING.fullmatch(said)) is not None:
        return "join", match["what"] or ""
    return None


def names(argument: str, communities: tuple[Community, ...]) -> Community | None:
    """The community that was named by its id or name."""
    said = folded(argument)
    return next((each for each in communities if said in (folded(each.id), folded(each.name))), None)


def is_meant(argument: str, communities: tuple[Community, ...]) -> bool:
    """May what follows JOIN be a community or a code? "Join us on Friday" is a message."""
    return not argument or names(argument, communities) is not None or invitations.is_code(argument)
