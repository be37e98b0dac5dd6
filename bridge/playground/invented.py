"""Members of the demo whom nobody plays: invented people, so that lists and figures look like a real community's."""

from bridge.core.roster import NewMember

_PEOPLE = """
Wanjiru Kamau|midwife|Pumwani Maternity Hospital|Kenya|en|respectful maternity care, breastfeeding
Otieno Ochieng|clinical officer|Siaya Health Centre|Kenya|sw|malaria, referral from the village
Nakato Ssemakula|nursing officer|Masaka Health Centre|Uganda|en|immunisation, cold chain
Okello Opio|community health worker|Gulu|Uganda|en|oral rehydration, clean water
Neema Mushi|pharmacist|Moshi District Pharmacy|Tanzania|sw|safe medicines, antibiotic resistance
Juma Kassim|health information officer|Tanga Regional Office|Tanzania|sw|records, reporting by phone
Chipo Moyo|village health worker|Chimanimani Clinic|Zimbabwe|en|newborn danger signs
Tendai Ncube|medical librarian|Bulawayo Nursing School|Zimbabwe|en|access to information, training
Aissatou Ba|sage-femme|Centre de santé de Thiès|Senegal|fr|soins prénatals, planification familiale
Mamadou Diallo|infirmier|Poste de santé de Kolda|Senegal|fr|paludisme, nutrition
Fatoumata Traoré|agent de santé communautaire|Sikasso|Mali|fr|eau potable, vaccination
Ama Boateng|public health nurse|Kumasi Clinic|Ghana|en|school health, first aid
Kwame Asante|medical officer|Tamale District Hospital|Ghana|en|snakebite, emergency care
Ngozi Eze|community pharmacist|Enugu|Nigeria|en|substandard medicines, patient leaflets
Aminu Bello|community health extension worker|Katsina|Nigeria|en|nutrition, immunisation in remote villages
Inês Machava|enfermeira|Centro de Saúde da Beira|Mozambique|pt|saúde materna, cólera
Paulo Sitoe|técnico de medicina|Nampula|Mozambique|pt|malária, formação
Luísa Ferreira|médica|Huambo|Angola|pt|tuberculose, comunicação com doentes
Rosa Quispe|promotora de salud|Puesto de salud de Puno|Peru|es|salud materna, medicina intercultural
Carlos Mendoza|médico rural|Quetzaltenango|Guatemala|es|diarrea infantil, agua segura
Priya Nair|accredited social health activist|Kottayam|India|en|newborn home visits, anaemia
Rahim Uddin|community clinic provider|Sylhet|Bangladesh|en|pneumonia, oral rehydration
Abeba Tesfaye|health extension worker|Hawassa|Ethiopia|en|family planning, household visits
Emeka Obi|biomedical engineer|Jos|Nigeria|en|oxygen, repairing equipment
"""
FIRST = 500_200_001
"""Telegram's number of the first; nobody in the simulator has it."""


def members() -> list[NewMember]:
    """All of them, with profiles that they let readers see."""
    found = []
    for place, line in enumerate(_PEOPLE.strip().splitlines()):
        name, role, organisation, country, language, interests = line.split("|")
        answers = {"name": name, "role": role, "organisation": organisation, "country": country, "interests": interests}
        found.append(
            NewMember(
                line=place,
                addresses=(("telegram", str(FIRST + place)),),
                name=name,
                answers=answers,
                shown=True,
                language=language,
            )
        )
    return found
