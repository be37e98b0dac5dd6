"""Which language a post is in: told by its common words, by the look of the others, and by accents. No model file.

Posts are short and typed without accents, so words are kept without them, and an accent only adds to what they say.
"""

import math
import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from bridge.moderation.hints.passage import Passage

_COMMON_WORDS = {
    "en": """
        the of and to in is are was were be been being has have had do does did not no yes for from with without on at
        by this that these those it its he she they we you i my our your his her their them us me who what when where
        why how which can could should will would may must if or but so than then there here about after before again
        all any some many much more most other only very just also still until because while into over under out up
        down off an as hi please thanks thank hello dear anyone everyone someone need help give gave take get got know
        ask tell say said come came day days week weeks month year years child baby woman women man people mother
        mothers health nurse nurses doctor patient clinic hospital drug drugs dose first last next new one two three
        four five six old good pls u ur bleeding birth delivery pregnant fever cough malaria children village
        community district meeting training report question answer message phone number call send write free read book
        paper study research learn teach school work worker workers volunteer team today tomorrow yesterday morning
        night home house water food money pay salary road far near through something nothing everything treatment
        vaccine tablets injection blood pressure test result positive negative advice share update support available
        husband wife sister brother daughter son family friend neighbour really think feel want make made living died
        dead found right wrong better best worse same different every each between against during enough few little
        long short high low great small outbreak cases case batch expiry fridge ice oxygen wound burn snake bite
        bridge rain flood mosquito net nets growth weight height kilo midwife midwives doctors hospitals clinics
        centre library librarian books guideline guidelines protocol chart poster leaflet translation language group
        seminar webinar slides link password recording certificate course trainer trainers stock stocks supply
        supplies gloves soap beds register form forms record card list stipend allowance bicycle motorbike ambulance
        driver boat fuel petrol reply urgent emergency danger lost stolen hungry tired afraid angry happy sad safe
        asked visit visited refer referred admitted discharged passed away born
        """,
    "fr": """
        le la les un une des du de et est sont etait ete etre avoir ai as a ont avait nous vous il elle ils elles on
        je tu me se ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs qui que quoi dont
        ou quand comment pourquoi combien quel quelle quels quelles avec sans pour par sur sous dans en au aux chez
        vers entre apres avant depuis pendant contre selon mais donc car ni si ne pas plus moins tres trop aussi
        encore deja toujours jamais tout tous toute toutes bien l d j qu y fait faire faut peut peux pouvez doit avez
        sommes suis merci bonjour bonsoir salut svp bjr bsr quelqu chers cher deux trois quatre cinq jours jour
        semaine mois ans an enfant enfants femme femmes homme gens mere sante infirmier infirmiere medecin malade
        malades hier demain ici cela ca non oui accouchement naissance grossesse enceinte fievre toux paludisme
        village communaute quartier reunion formation rapport question reponse message telephone numero appeler
        envoyer ecrire gratuit lire livre article etude recherche apprendre ecole travail travailler equipe benevole
        aujourd matin nuit maison eau argent payer salaire route loin pres parce quelque chose rien traitement vaccin
        comprime comprimes piqure sang tension resultat positif negatif conseil partager soutien disponible mari
        epouse soeur frere fille fils famille ami voisine voisin vraiment penser vouloir veut veulent donner donne
        prendre venir vient voir trouver trouve mort decede bon bonne mauvais meilleur meme autre chaque petit petite
        grand grande long court haut bas nouveau nouvelle poste bibliotheque hopital centre comite semaines dernier
        derniere prochain cas epidemie lot peremption frigo glace oxygene plaie brulure serpent morsure pont pluie
        inondation moustiquaire poids taille kilo point sage accoucheuse docteurs cliniques livres guide protocole
        affiche depliant traduction langue groupe seminaire lien diapositives enregistrement certificat cours
        formateur stock rupture gants savon lits registre fiche dossier carte liste prime moto ambulance chauffeur
        pirogue essence urgent urgence danger perdu vole faim fatigue peur colere heureux triste demande visite refere
        reference nee signe appelez ecrivez envoyez voici voila lundi mardi mercredi jeudi vendredi samedi dimanche
        personne personnes habitants villages
        """,
    "pt": """
        o a os as um uma uns umas de do da dos das no na nos nas ao aos pelo pela pelos pelas em com sem por para pra
        e ou mas que quem qual quais quando onde como porque se nao sim ja so tambem muito muita muitos muitas mais
        menos ainda sempre nunca ontem hoje amanha agora aqui ali la este esta isso isto esse essa aquele aquela eu tu
        ele ela eles elas voce voces meu minha meus minhas seu sua seus suas nosso nossa nossos nossas foi era sao
        estao tem temos tinha ha fazer faz fiz fez pode posso podem deve devemos ser estar ter tenho vai vou vamos ate
        desde entre depois antes sobre obrigado obrigada bom boa dia tarde noite ola oi gente favor alguem ninguem
        dois duas tres quatro cinco dias semana mes meses ano anos crianca criancas mulher mulheres homem pessoas mae
        saude enfermeiro enfermeira medico posto doente utente vcs vc tb pq qto parto nascimento gravidez gravida
        febre tosse malaria aldeia comunidade bairro reuniao formacao capacitacao relatorio pergunta resposta mensagem
        telefone numero ligar enviar escrever gratis ler livro artigo estudo pesquisa aprender escola trabalho
        trabalhar equipe equipa voluntario manha casa agua dinheiro pagar salario estrada longe perto alguma coisa
        nada tratamento vacina comprimido comprimidos injecao sangue tensao resultado positivo negativo conselho
        partilhar apoio disponivel marido esposa irma irmao filha filho familia amigo vizinha vizinho mesmo pensar
        querer quer querem dar deu tomar veio ver encontrar achei morreu faleceu mau melhor outro outra cada pequeno
        pequena grande longo curto alto baixo novo nova biblioteca hospital centro semanas ultimo ultima proximo
        proxima nascido caso casos surto lote validade geladeira gelo oxigenio ferida queimadura cobra mordida ponte
        chuva cheia mosquiteiro peso altura quilo ponto parteira medicos hospitais clinicas livros guia protocolo
        cartaz folheto traducao lingua grupo seminario ligacao slides gravacao certificado curso formador estoque
        ruptura luvas sabao camas registo registro ficha processo cartao lista subsidio mota ambulancia motorista
        barco gasolina urgente urgencia perigo perdido roubado fome cansado cansada medo raiva feliz triste seguro
        pergunto visita encaminhar encaminhamos saiu morte liguem escrevam enviem segunda terca quarta quinta sexta
        sabado domingo pessoa moradores aldeias falta faltam acabou todo toda todos todas grave janeiro fevereiro
        marco abril maio junho julho agosto setembro outubro novembro dezembro
        """,
    "es": """
        el la los las un una unos unas de del al en con sin por para y o u pero que quien quienes cual cuales cuando
        donde como porque si no ya solo tambien muy mucho mucha muchos muchas mas menos aun todavia siempre nunca ayer
        hoy manana ahora aqui alli este esta esto ese esa eso aquel yo tu ella nosotros ustedes ellos ellas mi mis su
        sus nuestro nuestra nuestros nuestras fue era es son estan hay tiene tenemos tengo tienen habia hacer hace
        hago puede puedo pueden debe debemos ser estar tener voy va vamos hasta desde entre despues antes sobre segun
        gracias buenos buenas dias tardes noches hola favor alguien nadie dos tres cuatro cinco dia semana mes meses
        ano anos nino ninos nina mujer mujeres hombre gente mama salud enfermera enfermero medico le les lo se me te
        nos q xq tmb parto nacimiento embarazo embarazada fiebre tos malaria aldea comunidad barrio reunion formacion
        capacitacion informe pregunta respuesta mensaje telefono numero llamar enviar escribir gratis leer libro
        articulo estudio investigacion aprender escuela trabajo trabajar equipo voluntario casa agua dinero pagar
        salario camino lejos cerca alguna cosa nada tratamiento vacuna pastilla pastillas inyeccion sangre presion
        resultado positivo negativo consejo compartir apoyo disponible marido esposo esposa hermana hermano hija hijo
        familia amigo vecina vecino mismo pensar querer quiere quieren dar dio tomar vino ver encontrar murio fallecio
        bueno buena malo mejor otro otra cada pequeno pequena grande largo corto alto bajo nuevo nueva puesto
        biblioteca hospital centro semanas ultimo ultima proximo proxima nacido caso casos brote lote vence nevera
        hielo oxigeno herida quemadura serpiente mordedura puente lluvia inundacion mosquitero peso talla kilo punto
        partera medicos hospitales clinicas libros guia protocolo afiche folleto traduccion idioma grupo seminario
        enlace diapositivas grabacion certificado curso docente existencias desabastecimiento guantes jabon camas
        registro ficha expediente tarjeta lista bono moto ambulancia chofer lancha gasolina urgente urgencia peligro
        perdido robado hambre cansado cansada miedo enojo feliz triste seguro pregunto visita referir referimos salio
        muerte muerto llamen escriban envien lunes martes miercoles jueves viernes sabado domingo a persona vecinos
        aldeas falta faltan acabo todo toda todos todas grave enero febrero marzo abril mayo junio julio agosto
        septiembre octubre noviembre diciembre junto vive queda clave signos
        """,
    "sw": """
        na ya wa za la cha vya kwa ni si je au lakini kama hata pia sana tu bado tayari sasa leo jana kesho hapa hapo
        huko pale hii hiki hivi huyu hawa hizi hilo hiyo huo yangu yako yake yetu yenu yao wangu wako wake wetu wenu
        wao mimi wewe yeye sisi ninyi nini nani lini wapi vipi gani ngapi kwamba kuwa kila wote yote zote chote mmoja
        mbili tatu nne tano sita saba nane tisa kumi ana nina una tuna wana hana hatuna sina yuko yupo iko kuna hakuna
        tangu mpaka hadi kabla baada wakati karibu mbali zaidi chini juu ndani nje mtoto watoto mama baba mwanamke
        wanawake mtu watu mgonjwa wagonjwa dawa afya kituo hospitali zahanati daktari muuguzi siku wiki mwezi miezi
        mwaka miaka saa asubuhi jioni usiku habari asante asanteni naomba tafadhali jamani wadau kwetu kwenu kwenye
        katika ndiyo hapana mara kujifungua mimba mjamzito homa kikohozi malaria kijiji jamii mtaa mkutano mafunzo
        ripoti swali majibu jibu ujumbe simu namba nambari piga tuma andika bure soma kitabu makala utafiti jifunza
        shule kazi fanya timu kujitolea nyumbani maji chakula pesa lipa mshahara barabara kitu chochote matibabu
        chanjo tembe vidonge sindano damu presha matokeo chanya hasi ushauri shirikisha msaada inapatikana mume mke
        dada kaka binti familia rafiki jirani kweli fikiria taka anataka wanataka toa alitoa chukua kuja alikuja ona
        pata kufa alikufa amefariki nzuri vizuri mbaya bora nyingine kidogo ndogo kubwa mkubwa ndefu fupi mpya maktaba
        hospitalini kikundi ijayo iliyopita anatokwa amepata wamepata tunahitaji nahitaji anahitaji tunaomba nataka
        tumepata walikuwa alikuwa amekuwa hajapata mfanyakazi wafanyakazi mhudumu wahudumu wanafunzi maswali kesi
        mlipuko friji barafu oksijeni kidonda kuungua nyoka kuumwa daraja mvua mafuriko chandarua vyandarua uzito
        urefu kilo mahali mkunga wakunga madaktari vituo vitabu mwongozo itifaki bango kipeperushi vipeperushi tafsiri
        lugha semina kiungo rekodi cheti kozi mkufunzi upungufu imeisha zimeisha glavu sabuni vitanda rejista fomu
        faili kadi orodha posho pikipiki ambulensi dereva mtumbwi petroli mafuta haraka dharura hatari amepotea
        ameibiwa njaa amechoka tumechoka hofu hasira furaha huzuni salama uliza nauliza tembelea rufaa aliruhusiwa
        kifo nipigie pigeni andikeni tumeni jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili wananchi
        vijiji nyuzi joto tarehe wilaya mkoa kaunti alizaliwa amezaliwa alijifungua amejifungua nimepokea nimesoma
        tutapima hawajui sijui najua unajua wanasema anasema alisema shukrani
        """,
}
_ACCENTS = {"fr": "èêëîïûùœ", "pt": "ãõ", "es": "ñ¿¡"}
"""Signs that only one of them has."""
KNOWN = frozenset(_COMMON_WORDS)
"""The languages that can be told, as their two letters."""

_MOST_CHARS = 8_000
_NO_WORD = re.compile(r"[@\d_]|//|www\.")
"""In links, addresses and codes, which are in no language."""
_LEAST_WORDS = 2
_LEAST_EVIDENCE = 1.0
_LEAST_SHARE = 0.4
"""Of the words that speak for the language, in all words: a text in a language that is not known has fewer."""
_LEAST_COMMON = 0.2
"""Of its common words, likewise: Luganda looks like Swahili, but does not use its words."""
_LEAD = 2.0
"""How far the first must be ahead of the second: else there are two in the text."""
_ALIKE, _LEAD_OF_ALIKE, _LEAD_OF_LITTLE, _LITTLE = frozenset(("es", "pt")), 1.3, 1.6, 2.0
"""Less between two that share half of their words; somewhat more of it where there is little evidence."""
_LOOK, _ACCENT = 0.5, 0.75
"""What the look of a word and what an accent weighs, beside a common word that is one language's alone."""
_SMOOTHING, _PIECES, _LEAST_FAMILIAR = 0.3, 3_000, 0.8
_DOUBT = 2.0
"""The pieces of a word overlap, and are not as many witnesses as they seem."""


def _pieces(word: str) -> list[str]:
    """Its pairs and triples of letters, with its beginning and its end."""
    framed = f"^{word}$"
    return [framed[at : at + size] for size in (2, 3) for at in range(len(framed) - size + 1)]


_WORDS = {language: frozenset(words.split()) for language, words in _COMMON_WORDS.items()}
_SHARED_BY = Counter(word for words in _WORDS.values() for word in words)
_LOOKS = {language: Counter(piece for word in words for piece in _pieces(word)) for language, words in _WORDS.items()}
_TOTALS = {language: pieces.total() + _SMOOTHING * _PIECES for language, pieces in _LOOKS.items()}


def detect(text: str, among: Collection[str]) -> str | None:
    """The one of these languages (BCP 47 tags) that the text is in.

    None where it cannot be told: too few words, two languages in one text, or one that is not among them. Where a text
    could be one of them or another that is not, it is the one.
    """
    members = {tag.replace("_", "-").partition("-")[0].lower(): tag for tag in among}
    if KNOWN.isdisjoint(members):
        return None
    sample = " ".join(part for part in text[:_MOST_CHARS].split() if not _NO_WORD.search(part))
    words = [word for word in Passage(sample).words if len(word) > 1 or word in _SHARED_BY]
    if len(set(words)) < _LEAST_WORDS:
        return None
    scores = dict.fromkeys(KNOWN, 0.0)
    common: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    for word in words:
        if shared_by := _SHARED_BY[word]:
            for language in KNOWN:
                if word in _WORDS[language]:
                    scores[language] += shared_by**-1.5
                    common[language] += 1
        else:
            for language, share in _look(word):
                scores[language] += _LOOK * share
                alike[language] += share > 0.5
    lower = sample.lower()
    for language, accents in _ACCENTS.items():
        scores[language] += _ACCENT * min(3, sum(map(lower.count, accents)))
    first = max(KNOWN & members.keys(), key=scores.__getitem__)
    most = scores[first]
    for language in KNOWN - {first}:
        near = _LEAD_OF_ALIKE if most >= _LITTLE else _LEAD_OF_LITTLE
        lead = near if {language, first} == _ALIKE else _LEAD
        if scores[language] * lead > most if language in members else scores[language] > most * lead:
            return None
    speaking = common[first] + alike[first]
    enough = most >= _LEAST_EVIDENCE and common[first] >= _LEAST_COMMON * len(words)
    return members[first] if enough and speaking >= _LEAST_SHARE * len(words) else None


@lru_cache(maxsize=2_000)
def _look(word: str) -> tuple[tuple[str, float], ...]:
    """How likely a word is one of each language, by its pieces; nothing for the short and for the strange."""
    if len(word) < 3 or len(word) > 30:
        return ()
    pieces = _pieces(word)
    familiar = sum(any(piece in looks for looks in _LOOKS.values()) for piece in pieces)
    if familiar < _LEAST_FAMILIAR * len(pieces):
        return ()
    likely = {
        language: sum(math.log((looks[piece] + _SMOOTHING) / _TOTALS[language]) for piece in pieces)
        for language, looks in _LOOKS.items()
    }
    most = max(likely.values())
    weights = {language: math.exp((value - most) / _DOUBT) for language, value in likely.items()}
    total = sum(weights.values())
    return tuple((language, weight / total) for language, weight in weights.items())
