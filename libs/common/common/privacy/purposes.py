"""What personal data are used for (S7, art. 5(1)(b)): every purpose of the estate, as people read.

A column that names no purpose of this table fails the build; a use that none of them covers is a
new line here, and so is seen by who answers for it.
"""

from common.texts import Text

# fmt: off
PURPOSES: dict[str, Text] = {
    "identify": Text(
        "To recognise you as a contact of our customer and to run your account",
        "Om u als contactpersoon van onze klant te herkennen en uw account te beheren",
        "Um Sie als Ansprechpartner unseres Kunden zu erkennen und Ihr Konto zu führen",
    ),
    "approve": Text(
        "To release your registration for the right customer",
        "Om uw registratie voor de juiste klant vrij te geven",
        "Um Ihre Registrierung für den richtigen Kunden freizugeben",
    ),
    "content": Text(
        "To show you the portal in your language",
        "Om u het portaal in uw taal te tonen",
        "Um Ihnen das Portal in Ihrer Sprache zu zeigen",
    ),
    "collaborate": Text(
        "To reach and address you the way you like",
        "Om u te bereiken en aan te spreken zoals u dat wilt",
        "Um Sie so zu erreichen und anzusprechen, wie Sie es möchten",
    ),
    "invite": Text(
        "To invite you to the portal on behalf of your company",
        "Om u namens uw bedrijf voor het portaal uit te nodigen",
        "Um Sie im Namen Ihres Unternehmens in das Portal einzuladen",
    ),
    "screen": Text(
        "To compare your name with public sanctions lists before release and regularly after",
        "Om uw naam vóór vrijgave en daarna regelmatig met openbare sanctielijsten te vergelijken",
        "Um Ihren Namen vor der Freigabe und danach regelmäßig mit öffentlichen Sanktionslisten "
        "zu vergleichen",
    ),
    "share": Text(
        "To share drawings and images within your organisation",
        "Om tekeningen en afbeeldingen binnen uw organisatie te delen",
        "Um Zeichnungen und Bilder in Ihrer Organisation zu teilen",
    ),
    "solve": Text(
        "To analyse and solve your service case",
        "Om uw servicecase te analyseren en op te lossen",
        "Um Ihren Servicefall zu analysieren und zu lösen",
    ),
    "order": Text(
        "To perform your order and to keep its records as the law demands",
        "Om uw bestelling uit te voeren en de gegevens ervan te bewaren zoals de wet eist",
        "Um Ihre Bestellung auszuführen und ihre Unterlagen aufzubewahren, wie das Gesetz es "
        "verlangt",
    ),
    "training": Text(
        "To prepare and hold the training and to contact its participants",
        "Om de training voor te bereiden en te houden en de deelnemers te bereiken",
        "Um die Schulung vorzubereiten, durchzuführen und Teilnehmende zu erreichen",
    ),
    "advertise": Text(
        "To draw your attention to offers, unless you object",
        "Om u op aanbiedingen te wijzen, tenzij u bezwaar maakt",
        "Um Sie auf Angebote aufmerksam zu machen, sofern Sie nicht widersprechen",
    ),
    "rights": Text(
        "To answer what you ask for as your right",
        "Om te beantwoorden wat u als uw recht vraagt",
        "Um zu beantworten, was Sie als Ihr Recht verlangen",
    ),
    "accountability": Text(
        "To be able to prove what was done with your data",
        "Om te kunnen aantonen wat er met uw gegevens is gedaan",
        "Um nachweisen zu können, was mit Ihren Daten geschehen ist",
    ),
}
# fmt: on
