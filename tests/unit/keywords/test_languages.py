"""Phrases and what is said, in many languages: each phrase with what is it and with what only comes near."""

from collections import Counter

import pytest

from wallflower_sidecar.domain.keywords import Match

from .speaking import fires, rule

HEARD: dict[str, list[tuple[str, str]]] = {
    "en": [
        ("help me", "Somebody HELP me, please!"),
        ("911", "call nine one one"),
        ("9 1 1", "call 911"),
        ("nine one one", "call 9-1-1"),
        ("twelve", "room 12"),
        ("12", "room twelve"),
        ("two hundred and six", "flat 206"),
        ("don't shoot", "Don’t shoot!"),
        ("front door", "the front-door bell"),
        ("7 pm", "at 7pm"),
        ("courier", "courier's here? No: the courier."),
    ],
    "de": [
        ("hilfe", "HILFE! Hilfe!"),
        ("straße", "auf der Strasse"),
        ("tür", "mach die TÜR zu"),
        ("112", "ruf die eins eins zwei"),
        ("112", "ruf die hundertzwölf"),
        ("einhundertzwölf", "Notruf 112"),
        ("eins eins null", "wähle 110"),
        ("zwo", "Gleis 2"),
        ("einundzwanzig", "um 21 Uhr"),
        ("nine one one", "wähle 911"),
        ("feuerwehr", "Die Feuerwehr kommt."),
        ("garten tor", "das Garten-Tor klemmt"),
        ("übergrößen träger", "Uebergrößen? ÜBERGRÖSSEN TRÄGER"),
    ],
    "fr": [
        ("au secours", "Au secours !"),
        ("aide", "besoin d'aide"),
        ("aide", "besoin d’aide"),
        ("à l'aide", "À l'aide !"),
        ("école", "devant l'ecole"),
        ("qu'est-ce", "qu'est-ce que c'est"),
        ("112", "appelez le cent douze"),
        ("un un deux", "appelez le 112"),
        ("quatre-vingt-dix-sept", "le numéro 97"),
        ("nonante-sept", "le numéro 97"),
        ("71", "soixante et onze"),
        ("au feu", "Au feu, AU FEU"),
    ],
    "es": [
        ("ayuda", "¡Ayuda, por favor!"),
        ("niño", "el NIÑO está en la piscina"),
        ("veintiuno", "el 21 de mayo"),
        ("treinta y dos", "portal 32"),
        ("112", "llama al uno uno dos"),
        ("112", "llama al ciento doce"),
        ("abre la puerta", "Abre la puerta."),
        ("qué pasa", "¿Que pasa?"),
        ("policia", "¡La POLICÍA!"),
    ],
    "it": [
        ("aiuto", "chiedo l'aiuto di tutti"),
        ("l'acqua", "apri l’acqua"),
        ("dell acqua", "dell'acqua"),
        ("112", "chiama il centododici"),
        ("ventuno", "dopo 21 minuti"),
        ("uno uno due", "chiama il 112"),
        ("perché", "PERCHE no"),
        ("al fuoco", "Al fuoco!"),
    ],
    "pt": [
        ("socorro", "Socorro!"),
        ("atenção", "ATENCAO, por favor"),
        ("cento e doze", "liga para o 112"),
        ("vinte e um", "às 21 horas"),
        ("dezasseis", "a porta 16"),
        ("dezesseis", "a porta 16"),
        ("um nove zero", "liga 190"),
        ("mão", "a mao dele"),
    ],
    "nl": [
        ("help", "Help! Help me dan."),
        ("honderdtwaalf", "bel 112"),
        ("een een twee", "bel 112"),
        ("eenentwintig", "om 21 uur"),
        ("tweeëntwintig", "bus 22"),
        ("'s avonds", "s avonds laat"),
        ("brand", "Er is brand."),
    ],
    "pl": [
        ("na pomoc", "Na POMOC!"),
        ("żółw", "zółw zolw ŻÓŁW"),
        ("sto dwanaście", "dzwoń na 112"),
        ("dwadzieścia jeden", "o 21"),
        ("jeden jeden dwa", "dzwoń 112"),
        ("proszę", "prosze bardzo"),
    ],
    "sv": [
        ("hjälp", "HJÄLP mig"),
        ("ett ett två", "ring 112"),
        ("hundratolv", "ring 112"),
        ("tjugoett", "klockan 21"),
    ],
    "cs": [
        ("pomoc", "Pomoc!"),
        ("sto padesát osm", "volej 158"),
        ("jedna pět osm", "volej 158"),
        ("hoří", "HORI, hoří"),
    ],
    "tr": [
        ("imdat", "İmdat! İMDAT"),
        ("yardım", "YARDIM edin"),
        ("yüz on iki", "112 numara"),
        ("bir bir iki", "112'yi ara"),
        ("kapı", "kapi açık"),
        ("ışık", "IŞIK nerede"),
        ("IŞIK", "ışık nerede"),
        ("istanbul", "İSTANBUL İstanbul'da"),
        ("İstanbul", "istanbul"),
    ],
    "ru": [
        ("помогите", "Помогите мне!"),
        ("ещё", "еще раз"),
        ("сто двенадцать", "звони 112"),
        ("один один два", "звони 112"),
        ("пожар", "ПОЖАР в доме"),
        ("двадцать один", "дом 21"),
    ],
    "uk": [("допоможіть", "Допоможіть!"), ("п'ять", "п’ять хвилин"), ("дев'яносто сім", "номер 97")],
    "el": [("βοήθεια", "ΒΟΗΘΕΙΑ!"), ("φωτιά", "φωτια στο σπίτι"), ("εκατόν δώδεκα", "κάλεσε 112")],
    "ar": [
        ("النجدة", "النَّجْدَة يا ناس"),
        ("شكرا", "شَـــكراً جزيلاً"),
        ("٩١١", "اتصل على 911"),
        ("مائة وعشرة", "رقم 110"),
        ("ساعدني", "ساعدني من فضلك"),
    ],
    "he": [
        ("הצילו", "הַצִּילוּ!"),
        ("שלום", "שָׁלוֹם לכם"),
        ("מאה", "תתקשר 100"),
        ("עזרה", "אני צריך עזרה עכשיו"),
    ],
    "fa": [("کمک", "کمک کنید"), ("یک یک پنج", "زنگ بزن ۱۱۵")],
    "hi": [
        ("मदद", "कृपया मदद करो"),
        ("बचाओ", "बचाओ! बचाओ!"),
        ("११२", "112 पर फ़ोन करो"),
        ("एक सौ बारह", "112 पर"),
        ("आग", "आग लगी है।"),
    ],
    "bn": [("বাঁচাও", "আমাকে বাঁচাও"), ("৯৯৯", "999 নম্বরে")],
    "ta": [("உதவி", "எனக்கு உதவி வேண்டும்")],
    "ko": [
        ("도와줘", "빨리 도와줘!"),
        ("일일구", "일일구 불러"),
        ("119", "일 일 구 불러"),
        ("이십일", "21 번"),
    ],
    "ja": [
        ("助けて", "誰か助けてください"),
        ("タスケテ", "だれか、たすけて"),
        ("ﾀｽｹﾃ", "タスケテ！"),
        ("火事", "近所が火事だ"),
        ("110", "一一〇番に電話して"),
        ("百十九", "119番"),
        ("東京駅", "東京 駅"),
    ],
    "zh": [
        ("救命", "快来人救命啊"),
        ("救命", "救 命"),
        ("着火了", "厨房着火了！"),
        ("110", "打一一〇"),
        ("一百二十", "打120"),
        ("ＶＩＰ", "vip 房间"),
    ],
    "th": [("ช่วยด้วย", "โปรดช่วยด้วยครับ"), ("ไฟไหม้", "บ้านไฟไหม้แล้ว"), ("๑๙๑", "โทร 191")],
    "vi": [("cứu tôi", "Cứu tôi với!"), ("cháy", "CHÁY nhà rồi")],
}

ONLY_NEAR: dict[str, list[tuple[str, str]]] = {
    "en": [
        ("help me", "he helped me"),
        ("nine one one", "nine hundred eleven"),
        ("911", "9112"),
        ("twelve", "one two"),
        ("11", "once upon a time"),
        ("fire", "fireplace"),
        ("one", "someone"),
        ("cat", "concatenate"),
        ("help", "whelp"),
    ],
    "de": [
        ("hilfe", "hilfreich"),
        ("tür", "türkei"),
        ("112", "hundertzwanzig"),
        ("8", "hab achtung"),
        ("1", "einmal"),
        ("feuer", "Feuerwehr"),
        ("nein", "ein"),
        ("haus tür", "Haustür"),
    ],
    "fr": [
        ("aide", "aider"),
        ("secours", "concours"),
        ("97", "quatre-vingt-dix-huit"),
        ("112", "cent deux"),
        ("feu", "feuille"),
        ("9", "neveu"),
    ],
    "es": [("ayuda", "ayudar"), ("11", "doce"), ("21", "veinte, uno más"), ("no", "noche"), ("puerta", "puerto")],
    "it": [("aiuto", "aiutano"), ("fuoco", "gioco"), ("21", "ventidue"), ("6", "seta"), ("no", "nonna")],
    "pt": [("socorro", "socorrista"), ("21", "vinte e dois"), ("mão", "mãos"), ("ação", "atenção")],
    "nl": [("help", "helpen"), ("112", "honderdtwintig"), ("brand", "brandweer"), ("een", "geen")],
    "pl": [("pomoc", "pomocy"), ("112", "sto dwa"), ("kot", "kotek")],
    "sv": [("hjälp", "hjälpa"), ("112", "hundratjugo")],
    "cs": [("pomoc", "pomocník"), ("158", "sto padesát sedm")],
    "tr": [("yardım", "yardımcı"), ("112", "yüz iki"), ("kapı", "kapıcı")],
    "ru": [("пожар", "пожарные"), ("112", "сто двадцать"), ("помогите", "помощь")],
    "el": [("φωτιά", "φωτιάς")],
    "ar": [("النجدة", "المجدة"), ("شكرا", "شكر")],
    "he": [("עזרה", "עזרא"), ("שלום", "שלומי")],
    "hi": [("मदद", "मदन"), ("कुल", "कल"), ("आग", "आगरा")],
    "bn": [("বাঁচাও", "বাচাল")],
    "ko": [("도와", "도와줘"), ("불", "불고기")],
    "ja": [("はか", "ばか"), ("助けて", "助けた"), ("119", "百十"), ("火事", "家事")],
    "zh": [("救命", "救护"), ("110", "一百一十一"), ("火", "灾")],
    "th": [("ส", "สี"), ("ปา", "ป่า"), ("ไฟไหม้", "ไฟไหน")],
    "vi": [("cháy", "chạyy")],
}

FUZZY = [
    ("en", "call the police", "call the polite", True),
    ("en", "call the police", "call the plumber", False),
    ("en", "open the garage", "open the garages", True),
    ("en", "fire", "hire", False),
    ("de", "feuerwehr rufen", "die Feuerwehr gerufen", True),
    ("de", "Haus Tür", "Haustür", True),
    ("fr", "au secours", "au secour", True),
    ("fr", "au secours", "au concours", False),
    ("es", "abre la puerta", "abra la puerta", True),
    ("ru", "помогите мне", "помогите нам", False),
    ("ja", "助けてください", "助けてくださり", True),
    ("ja", "助けてください", "ありがとう", False),
]


def cases(table: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str, str]]:
    return [(language, phrase, text) for language, pairs in table.items() for phrase, text in pairs]


@pytest.mark.parametrize(("language", "phrase", "text"), cases(HEARD))
def test_heard(language, phrase, text):
    assert fires(rule(phrase), text, language)


@pytest.mark.parametrize(("language", "phrase", "text"), cases(ONLY_NEAR))
def test_only_near(language, phrase, text):
    assert not fires(rule(phrase), text, language)


@pytest.mark.parametrize(("language", "phrase", "text", "near"), FUZZY)
def test_fuzzy(language, phrase, text, near):
    assert fires(rule(phrase, match=Match.FUZZY), text, language) is near


def test_the_table_is_as_large_as_it_claims():
    counted = Counter(language for language, *_ in (*cases(HEARD), *cases(ONLY_NEAR), *FUZZY))
    assert counted.total() >= 200
    assert sum(count >= 3 for count in counted.values()) >= 18
