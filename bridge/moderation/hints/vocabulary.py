"""Words about illness and about people in English, French, Portuguese, Spanish and Swahili, without accents.

The five languages share one set each: people mix them, and a word of one hardly ever misleads in another.
"""

from bridge.moderation.hints.passage import words_of


def _phrases(phrases: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in phrases.split(","))


CLINICAL_STEMS = words_of(
    """
    diagnos bleed miscarr pregnan deliver hiv aids tumor tumour cancer leprosy lepr diabet hypertens epilep convuls
    malari choler measl measle fever cough vomit diarrh seiz burn injur infect wound stillb abort antiretro suicid
    overdos poison unconsc faint stroke dialys transfus caesar cesar cesarea amput haemorr hemorr eclamp preeclam
    sickle anaem anemi jaundic malnour rape raped abus depress schizo psychos dement asthma pneumon hepatit syphil
    gonorr herpes leuk lymphom paraly rabie rabid typhoid mening fistul reaction reacao reaccion placent buried burial
    funeral enterr sepult funer kuzikwa alizikwa amezikwa tulimzik mazishi kondo goit bocio diagnost accouch saign
    enceint grossess decede sidee seropos tubercu paludis fievre touss vomiss brul infecte drepano convulsi deprim
    viol violee suicide avorte cesarien hemorrag malade rougeol lepreu diabetiq epilept gravid gestant sangr parto
    pariu abortou aborto febre tosse tossi queim ferid hansen drepanoc faleci morreu obito doente enferm dengue estupr
    violad desmai derrame soropos embaraz pario aborta fiebre herid lepra fallec murio defunc desmay derram saramp
    leptosp ugonjw mgonjw wagonjw mjamzito mimba ujauzit kujifung alijifung amejifung amejifungua alifarik amefarik
    amekufa alikufa kifo vvu ukimw kifua homa kukoho anakoho amekoho kutapik anatapik kuhar anahar degedeg kifafa
    ukoma saratan kisukari malaria kipindupind surua damu anatokwa alitokwa ametokwa kuungu aliungu ameungu jeraha
    kidond presha amegundul aligundul amepoteza alipoteza waligundul sikosel anaumw mahututi amezirai alizirai
    amebakwa alibakwa cancr blessur blesse quemad quemar fractur tuber
    alcoholi alcooli alkoholi autis catarat cataract chickenpox coqueluch dialis glaucom hemofil hemophil hydroceph
    icteric ictere kwashiork lepori marasm monkeypox mpox parotid pertuss polio prolaps rubeol rubell scabies schisto
    bilharz tetan tetekuwanga thalass traum utapiaml varicel variol
    """
)
CLINICAL_WORDS = words_of(
    """
    bled bleeds died dead death dies tb arv arvs ill sick patient patients birth ulcer positive fits symptoms cd4 ward
    admitted discharged opd mrn tested sti std swollen swelling labour labor ectopic coma mort morte accouche bebe
    jaune vih sida malades patiente symptomes hospitalise hospitalisee chute cancer deces meurt mourut mourir mourante
    mourant plaie palu parto hiv febre internado internada positivo positiva amarelinho amarela doenca morta morto
    sangue luto sintomas cirurgia algaliacao sonda enfermo enferma amarilla amarillo murio muerto muerta muerte
    cirugia sangre vvu ukimwi damu homa mgonjwa wagonjwa anaumwa amekufa alikufa kufa hanyonyi njano presha maiti
    marehemu dalili kansa mahututi upasuaji quemo quema tose tosia parir avc tarv hosp pt dob
    autism mumps rabia raiva sarna
    """
)
GENERAL = words_of(
    """
    patient patients ward admitted discharged opd birth death dies dead ill sick symptoms labour labor positive malade
    malades patientes symptomes deces sang bebe doente doentes sintomas cirurgia parto positivo positiva morta morto
    enfermo enferma cirugia sangre muerto muerta muerte mgonjwa wagonjwa dalili upasuaji ugonjwa damu amarela amarelo
    amarilla amarillo jaune njano fits sonda chute sangue coma
    """
)
"""Of these, the ones that say little of anyone: not enough beside a name that nothing else points at."""
FAMILY_TITLES = words_of(
    """
    mr mrs ms miss mister madam baby auntie uncle granny old mme mlle monsieur madame mademoiselle maman papa tante
    tonton vieux vieille m sr sra srta senhor senhora seu dona d mama mae vovo velho velha senor senora senorita don
    na nana abuela abuelo bwana bi bibi baba mzee babu binti ndugu
    """
)
"""Before a name they make it a person, and not one who is spoken of for their work."""
LOWER_TITLES = words_of(
    """
    mr mrs ms mme mlle dona don mama baba bwana bi bibi mzee maman seu
    """
)
"""Those that are written small as well."""
WORK_TITLES = words_of(
    """
    dr drs doctor prof professor nurse sister matron midwife pastor rev reverend fr father chief hon sir minister
    director coordinator engineer eng author president governor mayor bishop imam sheikh officer chairman chairperson
    speaker trainer facilitator cho docteur professeur pr infirmier infirmiere soeur sœur pere abbe ministre directeur
    directrice femme major maitre animateur formateur formatrice dra doutor doutora professora enf enfermeira
    enfermeiro irma padre ministro diretor diretora parteira tecnica doctora lic licenciada licenciado profesor
    profesora enfermera enfermero sor hermana ing maestro maestra partera obst dkt daktari profesa muuguzi nesi mkunga
    sista mchungaji mwalimu mheshimiwa waziri mkurugenzi mganga padri shehe mwenyekiti mbunge diwani
    """
)
WORK = words_of(
    """
    nurse doctor midwife supervisor coordinator chw chws chv vht officer librarian researcher trainer facilitator
    colleague director manager lecturer teacher pharmacist matron counsellor secretary chair chairman chairperson
    author infirmier infirmiere medecin superviseur superviseure coordinateur coordinatrice relais bibliothecaire
    chercheur chercheuse formatrice formateur directeur directrice collegue pharmacien sage asbc asc enfermeira
    enfermeiro medico medica parteira supervisora coordenadora coordenador agente bibliotecaria bibliotecario
    pesquisadora investigadora formadora formador diretora diretor professora professor colega enfermera enfermero
    partera coordinadora coordinador promotora promotor investigador docente directora muuguzi daktari mkunga
    msimamizi mratibu mhudumu mkutubi mtafiti mkufunzi mkurugenzi mwalimu mfamasia nesi chp
    """
)
INTRODUCING = words_of(
    """
    named called nomme nommee nommes appelle appelee surnomme prenommee prenomme prenom chama chamada chamado nome
    llama llamada llamado nombre anaitwa aitwaye anayeitwa jina huitwa name
    """
)
PERSONS = words_of(
    """
    pt patient client woman man boy girl child baby lady mother father sister brother wife husband uncle aunt neighbour
    neighbor friend daughter son grandmother grandfather cousin niece nephew widow teenager girlfriend boyfriend law
    twins twin sisters brothers children case victim survivor colleague volunteer chv old mum mom dad toddler newborn
    landlord patiente femme homme garcon fille fillette enfant bebe dame mere pere soeur sœur frere epouse mari oncle
    tante voisin voisine ami amie fils cousine veuve jumeaux soeurs freres enfants collegue malade vieille vieux frère
    jeune paciente mulher homem menino menina crianca senhora senhor mae pai irma irmao esposa marido tio tia vizinha
    vizinho amiga amigo filha filho avo prima primo viuva gemeos irmas irmaos criancas colega doente utente rapaz moca
    velha velho cunhado cunhada sogra sogro neta neto gestante tecnico mujer hombre nino nina senora senor madre padre
    hermana hermano esposo vecina vecino hija hijo abuela abuelo viuda gemelos hermanas hermanos ninos companero
    companera joven cunado cunada suegra suegro nieta nieto guagua embarazada enfermo enferma muchacha muchacho don
    dona auxiliar mgonjwa mteja mwanamke mwanaume mvulana msichana mtoto mama baba dada kaka mke mume mjomba shangazi
    jirani rafiki binti kijana bibi babu shemeji mkwe wakwe mapacha ndugu mzee mwenzetu mwenzangu mjamzito mwana
    nyanya mjane
    """
)
COMPANIONS = words_of(
    """
    colleague friend volunteer chv collegue ami amie colega amiga amigo companero companera mwenzetu mwenzangu rafiki
    tecnico auxiliar sister sisters brother brothers
    """
)
"""Of these, the ones that are said of fellow workers too."""
MEETING = words_of(
    """
    saw met found brought referred admitted treated lost buried examined counselled recu vu refere trouve soigne
    enterre enterrons enterramos atendi atendemos encontrei encontramos recebi recebemos encaminhei perdi perdemos
    atendimos encontre recibi recibimos referi referimos perdimos vi nilimwona nilimkuta tulimkuta tulimpeleka
    nilimpeleka tumempeleka nimempeleka tulimwona nimemwona tumempoteza tulimpoteza tulimzika nilimzika tulimtembelea
    nilimtembelea nilimhudumia tulimhudumia
    """
)
"""Done to patients."""
BETWEEN = words_of(
    """
    my our his her their the a an of s old aged young also in law little poor second first mon ma mes notre son sa ses
    leur le la les de du d l un une petite petit pauvre nommee meu minha nosso nossa seu sua o os as do da dos das um
    uma e mi mis nuestro nuestra su sus el los las del al una y wangu yangu wetu yetu wake yake wa ya cha mwenye mmoja
    huyu huyo kwa
    """
)
"""May stand between such a word and the name."""
PAPERS = words_of(
    """
    card record note notes result results carnet fiche dossier resultat resultats cartao exame laudo resultado
    resultados tarjeta carne analitica kadi cheti majibu daftari
    """
)
"""What is somebody's: "the clinic card of Brian"."""
AUXILIARIES = words_of(
    """
    is was has had s got tested died bled delivered lost gave collapsed fell suffers suffered vomits coughs refuses
    refused took needs came keeps started developed been est a etait avait vient souffre tousse saigne vomit refuse
    perd perdu ne esta foi tem teve fez perdeu sofre tosse deu morreu faleceu tomou saiu testou recebeu e estaba fue
    tiene tuvo perdio sufre dio murio fallecio tomo salio dieron le se ana amepata amepoteza alipata alikuwa yuko yupo
    amekuwa amefanyiwa hana anatokwa anapata amepimwa mimba
    """
)
SAYING = words_of(
    """
    presented spoke wrote says said explained trained asked asks announced published reported teaches taught argues
    told shared posted recommends thinks suggests facilitated led chaired writes presente parle ecrit dit explique
    forme demande annonce publie partage recommande apresentou falou falaram escreveu disse explicou formou perguntou
    anunciou publicou partilhou diz presento hablo hablaron escribio dijo explico pregunto anuncio publico compartio
    dice recomienda aliwasilisha alieleza walieleza aliandika alisema anasema alifundisha aliuliza alitangaza
    walizungumza alizungumza ametuma anapendekeza
    """
)
ADDRESSING = words_of(
    """
    agree agrees disagree accord concordo discordo acuerdo nakubaliana nakubali thanks thank dear hi hello hey welcome
    congratulations question questions according cc greetings regards merci cher chere bonjour bonsoir salut bravo
    felicitations selon d'apres cordialement obrigado obrigada ola caro cara querida querido oi segundo parabens
    pergunta perguntas conforme gracias hola estimada estimado felicidades segun preguntas pregunta saludos asante
    asanteni ahsante shukrani habari hongera mujibu maswali swali mpendwa jambo kwako trainers trainer speakers
    speaker formatrices formateurs formateur formatrice formadoras formadores formador docentes ponentes wakufunzi
    wasemaji paper article book chapter texto texte livre artigo livro articulo libro makala kitabu
    """
)
ADDRESSED = words_of(
    """
    your you question ta ton tes votre tu vous sua tua seu voce su te ti pregunta pergunta swali lako yako ukisema
    thank merci
    """
)
"""Soon after a name and a comma: it is the reader who is spoken to."""
AUTHOR_BEFORE = _phrases(
    """
    i am, i m, my name is, this is, je suis, m appelle, me chamo, chamo me, eu sou, sou a, sou o, sou, aqui e, soy,
    me llamo, mimi ni, naitwa, ninaitwa, jina langu, jina langu ni, c est, im
    """
)
"""The author's own name follows."""
TELLING = _phrases(
    """
    her name is, his name is, nom est, nome dela e, nome dele e, nombre es, jina lake ni, she is, he is, she s, he
    s, s agit de, elle est, il est, ela e a, ele e o, trata se de, ella es, el es, se trata de, yeye ni
    """
)
"""The name of somebody else follows."""
PLACING = words_of(
    """
    in at from near to around towards a au en vers depuis dans chez em perto cerca desde huko kutoka katika
    """
)
WORKPLACES = words_of(
    """
    ngo ong office council store pharmacy company who oms ops unicef coordination coordenacao coordinacion direction
    direcao direccion secretaria ministry ministere ministerio wizara university universite universidade universidad
    bureau mairie hospital clinic hopital hospitali kituo zahanati shirika ofisi duka kampuni lab laboratory
    laboratoire laboratorio bank press radio project projet projeto proyecto mradi programme program programa
    """
)
"""Somebody from there is spoken of for their work."""
HOUSES = words_of(
    """
    instituto institut programme program programa project projet projeto proyecto comite comissao comision committee
    council cross national nacional international fund fundo fondo association associacao asociacion network rede red
    reseau union government department departamento office agency society initiative alliance coalition health saude
    salud sante afya care medical world mundial commission declaration rouge vermelha roja mwekundu ships corps saint
    sainte santa santo san sao st ste hospital clinic centre center school university church foundation dispensary
    county district village ward camp province region ministry bank college institute trust street road island lake
    river mount market hopital clinique ecole universite eglise fondation ministere quartier rue ile lac marche escola
    universidade igreja fundacao ministerio bairro rua ilha distrito provincia maternidade casa lar hospitais clinica
    escuela universidad iglesia fundacion calle barrio isla municipio hogar colonia hospitali zahanati kituo shule
    chuo kanisa wilaya mkoa kaunti kata mtaa kijiji kisiwa wizara shirika day week month syndrome disease lymphoma
    sarcoma score method test chart scale dia dunia siku
    """
)
AFTER_EPONYMS = words_of(
    """
    disease diseases syndrome lymphoma sarcoma score method scale chart test manoeuvre hospital clinic county district
    street road day week
    """
)
"""Written small after a name they make it a place or a term."""
NEVER_NAMES = words_of(
    """
    january february march april june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday christmas easter ramadan god lord jesus allah bible quran covid ebola zika marburg
    zoom whatsapp telegram viber facebook google youtube lancet who unicef hifa english french portuguese spanish
    swahili janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre lundi mardi mercredi
    jeudi vendredi samedi dimanche noel paques dieu oms francais anglais etat janeiro fevereiro marco abril maio junho
    julho agosto setembro outubro novembro dezembro segunda terca quarta quinta sexta sabado domingo natal pascoa deus
    sus ubs upa samu enero febrero marzo mayo junio julio septiembre octubre noviembre diciembre lunes martes
    miercoles jueves viernes navidad pascua dios ops januari februari machi aprili mei juni julai agosti septemba
    oktoba novemba desemba jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili krismasi pasaka mungu mwenyezi
    africa kenya uganda tanzania rwanda burundi congo zambia malawi mozambique mocambique angola nigeria ghana senegal
    mali niger benin togo cameroun cameroon gabon tchad chad guinea guinee liberia sierra leone gambia ethiopia
    somalia sudan lesotho botswana namibia zimbabwe madagascar haiti brasil brazil portugal espana spain france mexico
    guatemala honduras nicaragua salvador colombia ecuador peru bolivia chile argentina paraguay uruguay venezuela
    cuba india bangladesh pakistan nepal philippines nairobi mombasa kisumu nakuru kampala dodoma mwanza lagos abuja
    accra dakar abidjan bamako maputo luanda beira lisboa lima quito bogota kigali goma kinshasa lusaka nuestra notre
    our the this that these those she he they we you it his her my their i il elle ils elles nous vous on je tu le la
    les un une des ce cette ces mon ma mes votre son sa ses leur qui que quoi quel quelle comment combien est pourquoi
    quand ou o a os as um uma eu ele ela eles elas nos voces meu minha nosso nossa seu sua quem qual quando onde como
    por porque para el los las una unos yo nosotros ustedes ellos ellas mi mis su quien cual cuando donde nini nani
    lini wapi vipi gani huyu hii hiki yeye sisi nyinyi wao mimi wewe ni kwa na ya wa za what when where why how which
    whom whose is are was were do does did can could should would will may might must has have had if and or but so
    not no yes please also then now today yesterday tomorrow last next every each all both some any many more most two
    three four five six seven eight nine ten after before since while during because although avec sans sous sur dans
    pour par plus moins tres bien tout toute tous deux trois ne com sem sob sobre mais menos muito bem todo toda todos
    dois duas nao sim mas tambem ontem hoje amanha con sin bajo muy dos si pero tambien ayer hoy manana hay esta este
    estos jana leo kesho sasa pia lakini au kama bila baada kabla tangu mpaka hadi naomba tafadhali jamani wadau
    patient patiente paciente mgonjwa client mteja women men children mothers babies people nurses doctors staff mama
    patients pacientes malades wagonjwa watoto wanawake akina mtoto femme mulher mujer enfants criancas ninos
    """
)
