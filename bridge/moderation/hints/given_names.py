"""Names that people of these communities often have, without accents: a capital alone does not make a person.

Only names that are hardly ever ordinary words or places; "Grace" or "Esperança" is told by the words around it.
"""

from bridge.moderation.hints.passage import words_of

GIVEN_NAMES = words_of(
    """
    aaron abdallah abdi abdou abdoulaye abdul abdullahi abel abigail abraham abubakar achieng adam adama adamu adan
    adebayo adele adelina adhiambo adolfo adrian adriana adwoa agnes agustin ahmad ahmed aicha aida aisha aissata
    aissatou akello akinyi akosua akua alain albert alberto alejandra alejandro aleksander alexandre alfred alfredo
    alhassan ali alice alicia aline aliou alioune alirio alphonse amadou amal amara amelia amina aminata aminatou
    ana anabela andre andrea andreia andres andrew angela angelica angelina anita ann anna anne annie anthony
    antoine antonia antonio anyango apolinario ariel armando armel arnaud arturo asha asiya assane atieno auma
    aurelie awa awino ayesha ayo ayodele babacar barasa barbara beatrice beatriz belinda benedicte benjamin benson
    berenice bernadette bernard bertha bilal binta bintou blaise blanca blessing bongani boniface boubacar brian
    brice bridget brigitte bruno caetano camila camille candida carla carlos carmen carole caroline catarina
    catherine cecile cecilia celeste celestino celia chantal charles charlotte chebet cheikh cheptoo chiara chidi
    chidinma chika chinedu chinwe chioma chipo christelle christian christine christopher chukwu clara clarisse
    claude claudia claudine clement clementine colette concepcion consolata constance cristina cyril cyrille dalia
    damaris daniel daniela david deborah delphine dembele denis denise deolinda desire diallo diana diego dieudonne
    dina djibril dolores domingos dominique dorcas doris dorothy douglas edith edna edson eduardo edwin ekua elena
    eliana elias elisa elisabeth eliud eliza elizabeth elsa elvira emeka emilia emilie emma emmanuel enrique eric
    erica ernest ernesto estela ester esther eugenia eugenie eunice eva evans evelyn fabiana fabrice fadhili faith
    fanta farah faraja fatima fatma fatou fatoumata fatuma felicite felipe felix fernanda fernando filipe filomena
    flavia flora florence francine francis francisca francisco franck francois francoise fred freddy frederic
    gabriel gabriela george georges gerard germaine getrude gilberto gilles gisele gladys gloria gonzalo graciela
    guadalupe guillaume guillermo gustavo hadija hadiza halima hamadi hamid hamisi hannah harriet harrison harun
    hassan hassane hauwa hawa hector helen helena helene henri henry herminia hilda hortense hugo hussein ibrahim
    ibrahima idriss idrissa ifeoma ignacio imelda ines irene irina isaac isabel isabelle isaya ismael ismail issa
    issouf ivan ivone jackline jackson jacob jacqueline jacques jaime jamal james jamila jane janet jean jeanne
    jeannette jennifer jeremiah jeremie jerome jesca jessica joana joanna joao joaquim joaquin joel johanna john
    johnson jonas jonathan jorge jose josefa josefina joseph josephine joshua josiane josue joyce juan juana judith
    juliana julie julien julieta juliette julio juma justine kadiatou kagiso kamala kamau karen karim karima kariuki
    kasongo kassim katherine kato kazadi kelvin kemi kenneth kevin khadija khadijah kimani kipchoge kiprotich koffi
    kofi konan kouame kouassi kwabena kwadwo kwaku kwame kwasi laila laura laurent lawrence leila leonard leonardo
    leonie leonor leticia lilian liliana lindiwe linet lionel lorena louis louise lourdes lucas lucia lucie lucy
    luis luisa lupita lydia lydie madeleine magdalena mahamadou makena malik mamadou mamoudou manuel manuela marc
    marcel marcela marcelo marco margaret margarida margarita maria mariam mariama mariamu mariana marie mariela
    marina mario marisol martha marthe martin martina mary masika mateo mateus mathieu matilde matthew maurice
    mauricio maxime melissa mercedes michael michel michele miguel milagros mildred miriam modou mohamed mohammed
    moise moises monica monique morris moses moussa moustapha mukasa mumbi munashe musa mustafa mutua mutuku mwajuma
    mwangi mwende nabukeera nadia nafissatou naima nakato nakitende namukasa nancy natalia natasha nathalie ndeye
    nelly nelson ngozi nicolas nicole nina njeri njoki njoroge nkechi nomsa nomvula norah norma nyambura nyokabi
    obinna ochieng odette odhiambo okello olga oliver olivier olu omar omondi onyango opiyo oscar osman otieno oumar
    oumou ousmane pablo paola pascal pascaline patricia patrick paul paula paulina pauline paulo pedro peninah peris
    peter petronila philip philippe phiri pierre rachel rafael rajabu ramadhani ramon ramona raquel raul rebeca
    rebecca regina rehema renata rene ricardo richard rita robert roberta roberto rodrigo roger roland romain
    rosalia rosaline roseline rosemary rosine ruben rukia rute ruth safia saida saidi saidou salamatou salim
    salimata salma salome samira samson samuel samwel sandra sandrine sara sarah sebastien segolene selina serena
    serge sergio severine shakira sharon sheila shukri sibusiso sifa silvia simao simon simone sipho sofia sonia
    sophie souleymane stella stephane stephen steven suleiman susan susana sylvain sylvie tabitha tabu tatiana
    tendai teresa terezinha thabo thandi thandiwe therese thierry thomas tiago timothy tomas tomasa tsholofelo tunde
    valentina valeria valerie vanessa vera veronica veronique vicente victor victoria vincent vinicius virginia
    virginie vivian viviana vivianne wafula wairimu walter wambui wangari wangui wanjala wanjiku wanjiru washington
    wekesa wendy wilfred william wilson winnie xavier yaa yacouba yannick yao yara yasmin yaw yohana yolanda
    youssouf yusuf yvette yvonne zahara zainab zainabu zakaria zawadi zeinab zenaida zuhura zulmira
    """
)
