"""The UK, EU and OFAC XML formats in the small: what each element and attribute comes to."""

import pytest

from screening.lists.entries import BirthDate, Name, mostly_not_latin
from screening.lists.files import ListRefused
from screening.lists.reading import read_list

UK = """<Designations><DateGenerated>02/09/2026</DateGenerated><Designation>
<UniqueID>XXX0001</UniqueID><OFSIGroupID>12703</OFSIGroupID>
<UNReferenceNumber>TAi.001</UNReferenceNumber><Names>
<Name><Name1>Erna</Name1><Name2> Maria </Name2><Name6>ERDACHT</Name6>
<NameType>Primary name</NameType></Name>
<Name><Name6>Die Dritte</Name6><NameType>ALias</NameType>
<AliasStrength>Low quality a.k.a</AliasStrength></Name>
<Name><Name1/><NameType>Alias</NameType></Name></Names>
<NonLatinNames><NonLatinName><NameNonLatinScript>Эрна</NameNonLatinScript></NonLatinName>
</NonLatinNames>
<RegimeName>Drill</RegimeName><IndividualEntityShip>Individual</IndividualEntityShip>
<IndividualDetails><Individual><DOBs><DOB>02/03/1957</DOB><DOB>dd/03/1958</DOB>
<DOB>dd/mm/1959</DOB><DOB>early 60s</DOB></DOBs>
<Nationalities><Nationality>Utopia</Nationality></Nationalities></Individual></IndividualDetails>
</Designation></Designations>"""

EU = """<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-05-01T08:25:35Z">
<sanctionEntity euReferenceNumber="EU.1.2" logicalId="7" unitedNationId="XXi.1">
<regulation programme="DRILL"/><regulation programme="DRILL"/><subjectType code="person"/>
<nameAlias wholeName="Эрна Эрдахт" strong="true"/>
<nameAlias firstName="Erna" middleName="" lastName="Erdacht" wholeName="" strong="true"/>
<nameAlias wholeName="  Die  Dritte " strong="false"/><nameAlias wholeName=""/>
<citizenship countryIso2Code="XA"/><citizenship countryIso2Code="00"/><citizenship/>
<birthdate birthdate="1957-03-02" dayOfMonth="2" monthOfYear="3" year="1957"
calendarType="GREGORIAN"/>
<birthdate circa="true" year="1958" calendarType="GREGORIAN"/>
<birthdate circa="false" year="1961" monthOfYear="8" calendarType="GREGORIAN"/>
<birthdate year="1343" calendarType="ISLAMIC"/>
<birthdate birthdate="1982-04-19" year="1402" monthOfYear="6" calendarType="ISLAMIC"/>
<birthdate yearRangeFrom="1950" yearRangeTo="1952"/><birthdate yearRangeFrom="1950"/>
<birthdate circa="true" birthdate="" year="" place="Utopia"/>
</sanctionEntity></export>"""

SDN = """<sdnList xmlns="http://tempuri.org/sdnList.xsd"><publshInformation>
<Publish_Date>04/22/2020</Publish_Date></publshInformation><sdnEntry><uid>7</uid>
<firstName>Erna</firstName><lastName>ERDACHT</lastName><sdnType>Individual</sdnType>
<programList><program>DRILL</program></programList><akaList>
<aka><type>f.k.a.</type><category>strong</category><lastName>AUSGEDACHT</lastName></aka>
<aka><type>a.k.a.</type><category>weak</category><lastName>DRITTE</lastName><firstName/></aka>
</akaList><nationalityList><nationality><country>Utopia</country></nationality></nationalityList>
<citizenshipList><citizenship><country>Thule</country></citizenship></citizenshipList>
<dateOfBirthList><dateOfBirthItem><dateOfBirth>circa 1957 to 1959</dateOfBirth></dateOfBirthItem>
<dateOfBirthItem><dateOfBirth>Apr 1961</dateOfBirth></dateOfBirthItem></dateOfBirthList>
</sdnEntry></sdnList>"""


def translation(name, script="Latin"):
    return (
        f"<translation><script>{script}</script><formattedFullName>{name}</formattedFullName>"
        "</translation>"
    )


ENHANCED = f"""<sanctionsData xmlns="https://ofac.example/ENHANCED_XML"><publicationInfo>
<dataAsOf>2025-01-10T00:00:00</dataAsOf><filters><sanctionsLists>
<sanctionsList>SDN List</sanctionsList></sanctionsLists></filters></publicationInfo>
<entities><entity id="7"><generalInfo><entityType>Individual</entityType></generalInfo>
<sanctionsPrograms><sanctionsProgram>DRILL</sanctionsProgram></sanctionsPrograms><names>
<name><isPrimary>true</isPrimary><isLowQuality>false</isLowQuality><translations>
{translation("ERDACHT, Erna")}{translation("Эрна Эрдахт", "Cyrillic")}</translations></name>
<name><isPrimary>false</isPrimary><aliasType>F.K.A.</aliasType><isLowQuality>true</isLowQuality>
<translations>{translation("AUSGEDACHT")}{translation("")}</translations></name></names><features>
<feature><type>Birthdate</type><value>1957</value>
<valueDate><isApproximate>true</isApproximate></valueDate></feature>
<feature><type>Nationality Country</type><value>Utopia</value></feature>
<feature><type>Citizenship Country</type><value>Thule</value></feature>
<feature><type>Nationality of Registration</type><value>Nowhere</value></feature>
</features></entity></entities></sanctionsData>"""


@pytest.fixture
def read(tmp_path):
    """Reads a text as one list."""

    def write_and_read(text):
        file = tmp_path / "list.xml"
        file.write_text(text, encoding="utf-8")
        return read_list(file)

    return write_and_read


def names(entry):
    return [(name.text, name.strong, name.kind) for name in entry.names]


def born(entry):
    return [each.text for each in entry.birth_dates]


def test_the_uk_list(read):
    parsed = read(UK)
    (entry,) = parsed.entries
    assert (parsed.list_id, str(parsed.published_on)) == ("uk-sanctions", "2026-09-02")
    assert (entry.entry_id, entry.kind) == ("XXX0001", "individual")
    assert names(entry) == [
        ("Erna Maria ERDACHT", True, "primary"),
        ("Die Dritte", False, "alias"),
        ("Эрна", True, "original"),
    ]
    assert born(entry) == ["1957-03-02", "1958-03", "1959", "early 60s"]
    assert (entry.nationalities, entry.programmes) == (("Utopia",), ("Drill",))
    assert entry.references == ("TAi.001", "12703")


def test_a_ship_of_the_uk_list_is_a_vessel(read):
    assert read(UK.replace(">Individual<", ">Ship<")).entries[0].kind == "vessel"


def test_the_eu_list(read):
    parsed = read(EU)
    (entry,) = parsed.entries
    assert (parsed.list_id, str(parsed.published_on)) == ("eu-consolidated", "2026-05-01")
    assert (entry.entry_id, entry.kind) == ("EU.1.2", "individual")
    assert entry.names == (
        Name("Эрна Эрдахт", "CYRILLIC", True, "original"),
        Name("Erna Erdacht", "LATIN", True, "primary"),
        Name("Die Dritte", "LATIN", False, "alias"),
    )
    assert born(entry) == [
        "1957-03-02",
        "1958~",
        "1961-08",
        "1343 in the islamic calendar",
        "1982-04-19",
        "1950/1952",
        "1950",
    ]
    assert BirthDate("1343 in the islamic calendar").span() is None
    assert (entry.nationalities, entry.programmes) == (("XA",), ("DRILL",))
    assert entry.references == ("XXi.1", "7")


def test_an_eu_entry_without_a_reference_number_goes_by_its_logical_id(read):
    assert read(EU.replace('euReferenceNumber="EU.1.2"', "")).entries[0].entry_id == "7"


def test_ofacs_sdn_xml_of_any_namespace(read):
    parsed = read(SDN)
    (entry,) = parsed.entries
    assert (parsed.list_id, str(parsed.published_on)) == ("us-sdn", "2020-04-22")
    assert names(entry) == [
        ("ERDACHT, Erna", True, "primary"),
        ("AUSGEDACHT", True, "former"),
        ("DRITTE", False, "alias"),
    ]
    assert born(entry) == ["1957~/1959~", "1961-04"]
    assert entry.nationalities == ("Utopia", "Thule")
    other = SDN.replace("http://tempuri.org/sdnList.xsd", "https://ofac.example/exports/XML")
    assert read(other).entries == parsed.entries
    assert read(other.replace(' xmlns="https://ofac.example/exports/XML"', "")).entries == (entry,)


def test_ofacs_enhanced_xml_says_which_list_it_is(read):
    parsed = read(ENHANCED)
    (entry,) = parsed.entries
    assert (parsed.list_id, str(parsed.published_on)) == ("us-sdn", "2025-01-10")
    assert names(entry) == [
        ("ERDACHT, Erna", True, "primary"),
        ("Эрна Эрдахт", True, "original"),
        ("AUSGEDACHT", False, "former"),
    ]
    assert (born(entry), entry.nationalities) == (["1957~"], ("Utopia", "Thule"))
    consolidated = read(ENHANCED.replace(">SDN List<", ">Consolidated List<"))
    assert consolidated.list_id == consolidated.entries[0].list_id == "us-consolidated"


@pytest.mark.parametrize(
    ("whole", "changed", "to", "reason"),
    [
        (UK, "XXX0001", " ", "lacks a number or a name"),
        (UK, "<Names>", "<Names/><Naming>", "cannot be read"),
        (UK, ">Primary name<", ">Nickname<", "name type 'Nickname' is not known"),
        (UK, ">Individual<", ">Robot<", "entry type 'Robot' is not known"),
        (UK, "02/09/2026", "31/02/2026", "DateGenerated is no date"),
        (UK, "<DateGenerated>02/09/2026</DateGenerated>", "", "DateGenerated is missing"),
        (EU, 'code="person"', 'code="robot"', "entry type 'robot'"),
        (EU, '<subjectType code="person"/>', "", "entry type ''"),
        (EU, 'generationDate="2026', 'generationDate="20x6', "generationDate is no date"),
        (SDN, ">7<", "><", "lacks a number or a name"),
        (SDN, ">f.k.a.<", ">w.k.a.<", "alias type 'w.k.a.'"),
        (SDN, ">Individual<", ">Robot<", "entry type 'Robot'"),
        (SDN, "04/22/2020", "22/04/2020", "Publish_Date is no date"),
        (SDN, "<Publish_Date>04/22/2020</Publish_Date>", "", "Publish_Date is no date"),
        (SDN, "publshInformation", "about", "Publish_Date is missing"),
        (ENHANCED, ">SDN List<", ">Menu List<", "it holds Menu List, which is not known here"),
        (ENHANCED, "sanctionsList>", "x>", "it holds no list"),
        (ENHANCED, "publicationInfo", "about", "does not come first"),
        (ENHANCED, "2025-01-10", "soon", "dataAsOf is no date"),
        (ENHANCED, ">F.K.A.<", "><", "alias type ''"),
        (ENHANCED, ">Individual<", ">Robot<", "entry type 'Robot'"),
        (ENHANCED, 'id="7"', "", "lacks a number or a name"),
    ],
)
def test_what_no_official_file_says_is_refused_rather_than_guessed(
    read, whole, changed, to, reason
):
    assert changed in whole
    with pytest.raises(ListRefused, match=reason):
        read(whole.replace(changed, to))


@pytest.mark.parametrize(
    ("text", "native"),
    [("Erna", False), ("Эрна", True), ("Эрна Erna", False), ("Эрнаа Erna", True), ("ʻAli", False)],
)
def test_a_name_is_native_when_more_than_half_of_its_letters_are(text, native):
    assert mostly_not_latin(text) is native
