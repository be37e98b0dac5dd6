"""Words about illness and about people in English, French, Portuguese, Spanish and Swahili, without accents.

The five languages share one set each: people mix them, and a word of one hardly ever misleads in another.
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CLINICAL_STEMS = _set(
    """
    diagnos bleed misc miscarr pregnan deliver hiv aids tubercul tumor tumour cancer canc leprosy lepr diabet hypertens epilep convuls
    malari choler measl measle fever cough vomit diarrh seiz fract burn injur infect wound stillb abort antiretro suicid
    overdos poison unconsc faint stroke dialys transfus caesar cesar cesarea amput haemorr hemorr eclamp preeclam sickle
    anaem anemi jaundic malnour rape raped abus depress schizo psychos dement asthma pneumon hepatit syphil gonorr herpes
    leuk lymphom paraly rabie rabid typhoid mening
    diagnost accouch saign enceint fausse grossess decede sidee seropos tubercu paludis fievre touss vomiss brul bless
    infecte drepano convulsi deprim viol violee suicide avorte cesarien hemorrag malade rougeol lepreu diabetiq epilept
    gravid gestant sangr parto pariu abortou aborto tuberculos febre tosse tossi vomit queim ferid hansen drepanoc
    faleci morreu obito doente enferm convuls dengue estupr violad suicid desmai derrame soropos seropos
    embaraz parir parió pario aborta fiebre tose tosi quem herid lepra fallec murio defunc desmay derram violad
    sarampi leptosp
    ugonjw mgonjw wagonjw mjamzito mimba ujauzit kujifung alijifung amejifung amejifungua alifarik amefarik amekufa
    alikufa kifo vvu ukimw kifua homa kukoho anakoho amekoho kutapik anatapik kuhar anahar degedeg kifafa ukoma saratan
    kisukari malaria kipindupind surua damu anatokwa alitokwa ametokwa kuungu aliungu ameungu jeraha kidond presha
    amegundul aligundul amepoteza alipoteza waligundul sikosel anaumw mahututi amezirai alizirai amebakwa alibakwa
    """
)
CLINICAL_WORDS = _set(
    """
    bled bleeds died dead death dies tb arv arvs ill sick patient patients birth ulcer ca positive fits
    symptoms cd4 ward admitted discharged tested sti std swollen swelling labour labor ectopic coma
    mort morte accouche bebe tete jaune vih sida tb malades patiente symptomes hospitalise hospitalisee
    chute cancer regles deces meurt mourut mourir mourante mourant plaie palu
    parto tb hiv sida febre internado internada positivo positiva amarelo amarelinho amarela doenca morta morto
    sangue luto sintomas cirurgia algaliacao sonda
    parto vih sida tb enfermo enferma internada internado positivo amarilla amarillo murio muerto muerta
    muerte luz sintomas sonda cirugia sangre
    tb hiv vvu ukimwi damu homa mgonjwa wagonjwa anaumwa amekufa alikufa kufa hanyonyi njano presha maiti marehemu
    arv dalili kansa mahututi upasuaji
    """
)
FAMILY_TITLES = _set(
    """
    mr mrs ms miss mister madam baby auntie uncle granny old
    mme mlle monsieur madame mademoiselle maman papa tante tonton vieux vieille m
    sr sra srta senhor senhora seu dona d mama mae vovo velho velha
    senor senora senorita don dona na nana mama papa abuela abuelo
    bwana bi bibi mama baba mzee babu binti ndugu
    """
)
"""Before a name they make it a person, and not one who is spoken of for their work."""
LOWER_TITLES = _set("mr mrs ms mme mlle dona don mama baba bwana bi bibi mzee maman seu")
"""Those that are written small as well."""
WORK_TITLES = _set(
    """
    dr drs doctor prof professor nurse sister matron midwife pastor rev reverend fr father chief hon sir minister
    director coordinator engineer eng author president governor mayor bishop imam sheikh officer trainer facilitator cho
    docteur professeur pr infirmier infirmiere soeur sœur pere abbe ministre directeur directrice sage-femme femme
    major maitre animateur formateur formatrice
    dra doutor doutora professora enf enfermeira enfermeiro irma padre ministro diretor diretora eng parteira tecnica
    doctor doctora lic licenciada licenciado profesor profesora enfermera enfermero sor hermana ing maestro maestra
    partera obst
    dkt daktari profesa muuguzi nesi mkunga sista mchungaji mwalimu mheshimiwa waziri mkurugenzi mganga padri shehe
    """
)
WORK = _set(
    """
    nurse doctor midwife supervisor coordinator chw chws chv vht asha officer librarian researcher trainer facilitator
    colleague director manager lecturer teacher pharmacist matron counsellor secretary chair chairman chairperson author
    infirmier infirmiere medecin sage-femme superviseur superviseure coordinateur coordinatrice relais bibliothecaire
    chercheur chercheuse formatrice formateur directeur directrice collegue pharmacien sage asbc asc
    enfermeira enfermeiro medico medica parteira supervisora supervisor coordenadora coordenador agente bibliotecaria
    bibliotecario pesquisadora investigadora formadora formador diretora diretor professora professor colega
    enfermera enfermero partera coordinadora coordinador promotora promotor investigadora investigador docente directora
    muuguzi daktari mkunga msimamizi mratibu mhudumu mkutubi mtafiti mkufunzi mkurugenzi mwalimu mfamasia nesi chp
    """
)
INTRODUCING = _set(
    """
    named called nomme nommee nommes appelle appelee surnomme prenommee prenomme prenom chama chamada chamado nome
    llama llamada llamado nombre anaitwa aitwaye anayeitwa jina huitwa name
    """
)
PERSONS = _set(
    """
    patient client woman man boy girl child baby lady mother sister brother wife husband uncle aunt neighbour neighbor
    friend daughter son grandmother grandfather cousin niece nephew widow teenager girlfriend boyfriend law twins twin
    sisters brothers children case victim survivor colleague volunteer chv old mum mom dad toddler newborn landlord
    patiente femme homme garcon fille fillette enfant bebe dame mere soeur sœur frere epouse mari oncle tante voisin
    voisine ami amie fils grand-mere grand-pere cousine veuve jumeaux soeurs freres enfants collegue malade vieille vieux
    beau-frere belle-soeur beau-pere belle-mere frère jeune
    paciente mulher homem menino menina crianca bebe senhora senhor mae irma irmao esposa marido tio tia vizinha vizinho
    amiga amigo filha filho avo prima primo viuva gemeos irmas irmaos criancas colega doente utente rapaz moca velha velho
    cunhado cunhada sogra sogro neta neto gestante tecnico
    mujer hombre nino nina senora senor madre hermana hermano esposo vecina vecino hija hijo abuela abuelo viuda
    gemelos hermanas hermanos ninos companero companera joven cunado cunada suegra suegro nieta nieto guagua embarazada
    enfermo enferma muchacha muchacho don dona auxiliar
    mgonjwa mteja mwanamke mwanaume mvulana msichana mtoto mama baba dada kaka mke mume mjomba shangazi jirani rafiki
    binti kijana bibi babu shemeji mkwe wakwe mapacha ndugu mzee mwenzetu mwenzangu mjamzito mwana nyanya mjane mgonjwa
    """
)
BETWEEN = _set(
    """
    my our his her their the a an of s old aged young also in law s's little poor second first
    mon ma mes notre son sa ses leur le la les de du d l un une petite petit pauvre nommee
    meu minha nosso nossa seu sua o a os as do da dos das um uma e
    mi mis nuestro nuestra su sus el los las del al un una y
    wangu yangu wetu yetu wake yake wa ya la cha mwenye mmoja huyu huyo kwa
    """
)
"""May stand between such a word and the name."""
PAPERS = _set(
    """
    card record note notes result results carnet fiche dossier resultat resultats cartao exame laudo resultado
    resultados tarjeta carne analitica kadi cheti majibu daftari
    """
)
"""What is somebody's: "the clinic card of Brian"."""
AUXILIARIES = _set(
    """
    is was has had s got tested died bled delivered lost gave collapsed fell suffers suffered vomits coughs refuses
    refused took needs came keeps started developed been
    est a etait avait vient souffre tousse saigne vomit refuse perd perdu ne
    esta foi tem teve fez perdeu sofre tosse deu morreu faleceu tomou saiu testou recebeu e
    estaba fue tiene tuvo perdio sufre dio murio fallecio tomo salio dieron le se
    ana amepata amepoteza alipata alikuwa yuko yupo amekuwa amefanyiwa hana anatokwa anapata amepimwa mimba
    """
)
SAYING = _set(
    """
    presented spoke wrote says said explained trained asked asks announced published reported found teaches taught
    argues told shared posted recommends thinks suggests facilitated led chaired writes
    presente parle ecrit dit explique forme demande annonce publie partage recommande
    apresentou falou falaram escreveu disse explicou formou perguntou anunciou publicou partilhou diz
    presento hablo hablaron escribio dijo explico pregunto anuncio publico compartio dice recomienda
    aliwasilisha alieleza walieleza aliandika alisema anasema alifundisha aliuliza alitangaza walizungumza alizungumza
    ametuma anapendekeza
    """
)
ADDRESSING = _set(
    """
    thanks thank dear hi hello hey welcome congratulations question questions according cc greetings regards
    merci cher chere bonjour bonsoir salut bravo felicitations selon d'apres cordialement
    obrigado obrigada ola caro cara querida querido oi segundo parabens pergunta perguntas conforme
    gracias hola estimada estimado felicidades segun preguntas pregunta saludos
    asante asanteni ahsante shukrani habari hongera mujibu maswali swali mpendwa jambo kwako
    trainers trainer speakers speaker formatrices formateurs formateur formatrice formadoras formadores formador docentes
    ponentes wakufunzi wasemaji by paper article book chapter texto texte livre artigo livro articulo libro makala kitabu
    """
)
AUTHOR_BEFORE = (
    ("i", "am"), ("i", "m"), ("name", "is"), ("this", "is"), ("je", "suis"), ("je", "m'appelle"), ("m'appelle",),
    ("me", "chamo"), ("chamo", "me"), ("eu", "sou"), ("sou", "a"), ("sou", "o"), ("sou",), ("aqui", "e"),
    ("soy",), ("me", "llamo"), ("mimi", "ni"), ("naitwa",), ("ninaitwa",), ("jina", "langu"), ("jina", "langu", "ni"),
    ("moi", "c'est"), ("c'est",), ("i'm",), ("im",),
)  # fmt: skip
"""The author's own name follows."""
TELLING = (
    ("she", "is"), ("he", "is"), ("she's",), ("he's",), ("s'agit", "de"), ("elle", "est"), ("il", "est"), ("ela", "e", "a"),
    ("ele", "e", "o"), ("trata", "se", "de"), ("ella", "es"), ("el", "es"), ("se", "trata", "de"), ("yeye", "ni"),
)  # fmt: skip
"""The name of somebody else follows."""
PLACING = _set("in at from near to around towards a au en vers depuis dans chez em perto cerca desde huko kutoka katika")
HOUSES = _set(
    """
    hospital clinic centre center school university church foundation dispensary county district village ward camp
    province region ministry bank college institute trust association street road island lake river mount market
    hopital clinique ecole universite eglise fondation ministere quartier rue ile lac marche centre
    escola universidade igreja fundacao ministerio bairro rua ilha distrito provincia maternidade casa lar hospitais
    clinica escuela universidad iglesia fundacion calle barrio isla municipio hogar colonia
    hospitali zahanati kituo shule chuo kanisa wilaya mkoa kaunti kata mtaa kijiji kisiwa wizara shirika
    day week month syndrome disease lymphoma sarcoma score method test chart scale dia dunia siku
    """
)
NEVER_NAMES = _set(
    """
    january february march april june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday christmas easter ramadan god lord jesus allah bible quran covid ebola zika marburg zoom
    whatsapp telegram viber facebook google youtube lancet who unicef hifa english french portuguese spanish swahili
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre lundi mardi mercredi jeudi
    vendredi samedi dimanche noel paques dieu oms francais anglais etat
    janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro segunda terca quarta quinta
    sexta sabado domingo natal pascoa deus sus ubs upa samu zoom
    enero febrero marzo mayo junio julio septiembre octubre noviembre diciembre lunes martes miercoles jueves viernes
    navidad pascua dios ops
    januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba jumatatu jumanne jumatano alhamisi
    ijumaa jumamosi jumapili krismasi pasaka mungu mwenyezi
    africa kenya uganda tanzania rwanda burundi congo zambia malawi mozambique mocambique angola nigeria ghana senegal
    mali niger benin togo cameroun cameroon gabon tchad chad guinea guinee liberia sierra leone gambia ethiopia somalia
    sudan lesotho botswana namibia zimbabwe madagascar haiti brasil brazil portugal espana spain france mexico guatemala
    honduras nicaragua salvador colombia ecuador peru bolivia chile argentina paraguay uruguay venezuela cuba india
    bangladesh pakistan nepal philippines nairobi mombasa kisumu nakuru kampala dodoma mwanza lagos abuja accra dakar
    abidjan bamako maputo luanda beira lisboa lima quito bogota kigali goma kinshasa lusaka
    nuestra notre our the this that these those she he they we you it his her my our their i il elle ils elles nous vous
    on je tu le la les un une des ce cette ces mon ma mes notre votre son sa ses leur qui que quoi quel quelle comment
    combien est pourquoi quand ou o a os as um uma eu ele ela eles elas nos voces meu minha nosso nossa seu sua quem qual
    quando onde como por porque para el los las una unos yo nosotros ustedes ellos ellas mi mis su sus quien cual cuando
    donde nini nani lini wapi vipi gani huyu hii hiki yeye sisi nyinyi wao mimi wewe je ni kwa na ya wa za la
    what when where why how which whom whose is are was were do does did can could should would will may might must has
    have had if and or but so not no yes please also then now today yesterday tomorrow last next every each all both some
    any many more most two three four five six seven eight nine ten after before since while during because although
    s'il c'est n'est qu'est d'apres avec sans sous sur dans pour par plus moins tres bien tout toute tous deux trois ne
    com sem sob sobre mais menos muito bem todo toda todos dois duas tres nao sim mas tambem ontem hoje amanha
    con sin bajo mas menos muy bien dos si pero tambien ayer hoy manana hay esta este estos
    jana leo kesho sasa pia lakini au kama bila baada kabla tangu mpaka hadi naomba tafadhali jamani wadau
    patient patiente paciente mgonjwa client mteja women men children mothers babies people nurses doctors staff mama
    mothers patients pacientes malades wagonjwa watoto wanawake akina mtoto femme mulher mujer enfants criancas ninos
    """
)
