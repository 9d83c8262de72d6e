"""Which legacy encoding makes sense of bytes: unigrams of the letters of the languages that were written in it.

Statistics over long texts (charset-normalizer) take a Hebrew line for Cyrillic and a Turkish one for Czech. Here each
candidate is scored by the letters beyond ASCII alone: bits that a reader of that language would need for them. A text
of one short word is enough where the scripts differ.
"""

import re
from dataclasses import dataclass
from functools import cache

SAMPLE_BYTES = 16 * 1024
_PUNCTUATION = frozenset("«»„“”‘’–—…€§°·№´©®•£½¿¡،؛؟。、，．！？：；「」『』《》・ー")
_RARE, _FOREIGN, _MARK, _MIXED, _SHOUT = 11.0, 9.0, 6.0, 5.0, 6.0  # bits
_PER_BYTE_MAX = 6.5  # bits: more is noise to every language here
# letters by frequency; a language is a model of its own, so that rare letters of others cost it nothing
_WESTERN = (
    "éàèêçâîôûùïëœ",
    "äüößéà",
    "áéíóúñü",
    "àèéìòù",
    "ãáçéêõóíâàúô",
    "åäöé",
    "åøæéôö",
    "äöå",
    "ðáíæþöóéúý",
    "éëïóèü",
)
_CENTRAL = ("łąężśćóńź", "áíéěřčžšýůúťďňó", "éáöőóüíúű", "ăîșțâşţ", "áčžíšľťúýéôňďäĺŕó", "čšžćđ")
_BALTIC = ("ėšžųįčūąę", "āīēšņļūžčķģ", "äõöü")
_CYRILLIC = ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "оаинтвеірслкдмупязьбгйчжхцюєїшщфґ", "аеоитнрсвлпдкъзмубягчжйшцхщюфь",
             "аоеинрстувдјкпмлгзбчшцхћњжљђфџ", "аінеорстлвкмдупяыьцзбгчюжйхўшэфё")  # fmt: skip
_GREEK = ("αοιετσνηυρπκμλςωγίόδάέήθφχύώβξζψϊϋΐΰ",)
_HEBREW = ("יוהלארתבשמדנחעקפגכטםסזןצךץףְִַָֹּׁ",)
_ARABIC = ("اليمنروتبدعسفقكحهأجةشصطزىخضغذثئءظؤإآًٌٍَُِّْپچژگ",)
_THAI = ("านรอก่เง้มยลวัดทิสตะปบคีหแจืพชำขใไุู์โ็ผซถณธภศญษฐฉฝฟฮฆฏฎฬๆฯ",)
_TURKISH = ("ıüşçğöiâî", "ıəöüşçğ")
_SINGLE: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN, "cp1250": _CENTRAL, "iso8859_2": _CENTRAL, "cp1257": _BALTIC, "cp1254": _TURKISH,
    "cp1251": _CYRILLIC, "koi8_r": _CYRILLIC, "koi8_u": _CYRILLIC, "cp866": _CYRILLIC, "iso8859_5": _CYRILLIC,
    "mac_cyrillic": _CYRILLIC, "cp1253": _GREEK, "iso8859_7": _GREEK, "cp1255": _HEBREW, "cp862": _HEBREW,
    "cp1256": _ARABIC, "iso8859_6": _ARABIC, "cp874": _THAI, "cp850": _WESTERN, "mac_roman": _WESTERN,
}  # fmt: skip
_SELDOM = frozenset({"mac_cyrillic", "cp862", "cp850", "mac_roman", "iso8859_5", "iso8859_6", "iso8859_7"})
_SELDOM_BITS, _OTHER_BITS = 6.0, 4.0  # of equally good readings the more common encoding is meant
_WIDE = {
    "gb18030": (
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道"
        "行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意"
        "无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什"
        "二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义"
        "各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件"
    ),
    "big5": (
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道"
        "行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意"
        "無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什"
        "二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義"
        "各入幾口認條平係系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場"
    ),
    "cp949": (
        "이다는을가의에로고하지한사은기도를시서인나어자대리일과정그수아부해스여장전라으보들제있상주원것구성만면조"
        "경동았었안적국공했게비개연오부선우미위신세관히소당방문무거드물화내금용려민야분발학계교실음마바"
    ),
    "cp932": (
        "のにはをたがでてとしれさいるなかこあもっらりすくまよきんそだけつどせうみちめおやえわほげじ一日人年大十二"
        "本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土"
        "木聞食車何南万毎白天母火右読友左休父雨アイスルトンクリドラマレコタシロデ"
    ),
}
_WIDE["euc_jp"] = _WIDE["cp932"]
_OPEN = frozenset("«»„“”…€§°№©®•£¡¿")  # stand beside words, not in them
_FINAL = frozenset("ךםןףץς")  # stand at the end of a word and nowhere else
_RUN = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class _Model:
    bits: dict[str, float]
    rare: float


@cache
def common_ideographs() -> frozenset[str]:
    """The commonest Chinese and Japanese characters."""
    return frozenset(character for name in ("gb18030", "big5", "cp932") for character in _WIDE[name])


def guess(data: bytes) -> str | None:
    """The encoding that reads best; None where none of them makes sense."""
    sample = data[:SAMPLE_BYTES]
    found = {name: bits for name in (*_SINGLE, *_WIDE) if (bits := _cost(sample, name)) is not None}
    if not found:
        return None
    best = min(found, key=lambda name: found[name])
    high = len(_RUN.findall(sample))
    return best if high and found[best] <= _PER_BYTE_MAX * high + 8 else None


def _cost(sample: bytes, name: str) -> float | None:
    """Bits for the text beyond ASCII; None for bytes that the encoding does not have."""
    try:
        text = sample.decode(name, "strict" if len(sample) < SAMPLE_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    prior = _SELDOM_BITS if name in _SELDOM else 0.0 if name == "cp1252" else _OTHER_BITS
    shape = _shape(text)
    letters: dict[str, int] = {}
    for character in text:
        if character > "\x7f":
            letters[character] = letters.get(character, 0) + 1
    models = _models(name)
    return prior + shape + min(_bits(letters, model) for model in models)


def _bits(letters: dict[str, int], model: _Model) -> float:
    return sum(
        count * model.bits.get(letter, _MARK if letter in _PUNCTUATION else model.rare)
        for letter, count in letters.items()
    )


@cache
def _models(name: str) -> tuple[_Model, ...]:
    if name in _WIDE:
        known = {letter: 4.0 + 5.0 * rank / len(_WIDE[name]) for rank, letter in enumerate(_WIDE[name])}
        return (_Model(known, 13.0),)
    family = "".join(_SINGLE[name])
    return tuple(_single(letters, family) for letters in _SINGLE[name])


def _single(letters: str, family: str) -> _Model:
    """A language's own letters, and at a price those of its neighbours: names are foreign now and then."""
    bits = dict.fromkeys(family + family.upper(), _FOREIGN)
    for rank, letter in enumerate(letters):
        bits[letter] = 2.0 + 4.0 * rank / len(letters)
        if (capital := letter.upper()) != letter:
            bits[capital] = bits[letter] + 2.0
    return _Model(bits, _RARE)


def _shape(text: str) -> float:
    """Words of two scripts, capitals within a word and final letters before its end are signs of a wrong reading."""
    cost, before, inside = 0.0, " ", False
    for character in f"{text} ":
        if character.isalpha() and before.isalpha() and (character > "\x7f" or before > "\x7f"):
            if character.isupper() and before.islower():
                cost += _SHOUT
            if (_script(character) != _script(before)) and "cjk" not in (_script(character), _script(before)):
                cost += _MIXED
        if before in _OPEN and character.isalpha() and inside:
            cost += _MIXED
        inside = before.isalpha()  # whether the sign that comes next stands within a word
        if before in _FINAL:
            cost += _MIXED if character.isalpha() else -_MIXED / 2
        before = character
    return cost


def _script(letter: str) -> str:
    if letter < "\u0370":
        return "latin"
    if letter >= "\u1100":
        return "cjk"
    return chr(ord(letter) >> 8)
