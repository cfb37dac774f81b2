# ruff: noqa: RUF001 - letters that look like Latin ones are the point
"""Names of many scripts. Each part stands beside its Latin spelling, which goes into the address.

The lists are short on purpose: names of real people repeat as well.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

Part = tuple[str, str]
"""A part of a name as its script writes it, and in ASCII letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How names of one script are made; `share` is its weight among all."""

    script: str
    share: int
    given: tuple[Part, ...]
    family: tuple[Part, ...]
    family_first: bool = False
    between: str = " "


def _plain(words: str) -> tuple[Part, ...]:
    return tuple((word, word.lower()) for word in words.split())


def _pairs(words: str) -> tuple[Part, ...]:
    return tuple((one[0], one[1]) for one in (pair.split("=") for pair in words.split()))


NAMINGS: Final = (
    Naming(
        script="Latin",
        share=30,
        given=_plain("Anna Bela Carla David Emma Felix Greta Hugo Ines Jonas Klara Leon Mira Noah"),
        family=_plain("Adler Berg Costa Dubois Evans Fischer Garcia Hansen Ivers Jansen Keller"),
    ),
    Naming(
        script="Latin with marks",
        share=14,
        given=_pairs("Zoë=zoe José=jose Łucja=lucja Søren=soren Žofie=zofie Ömer=omer Đức=duc"),
        family=_pairs("Müller=mueller Nuñez=nunez Håkon=hakon Šimek=simek Yılmaz=yilmaz Ngô=ngo"),
    ),
    Naming(
        script="Cyrillic",
        share=10,
        given=_pairs("Анна=anna Борис=boris Вера=vera Глеб=gleb Дарья=darya Олена=olena"),
        family=_pairs("Волков=volkov Зайцев=zaitsev Ковач=kovach Лебедь=lebed Шевчук=shevchuk"),
    ),
    Naming(
        script="Greek",
        share=4,
        given=_pairs("Ελένη=eleni Γιώργος=giorgos Μαρία=maria Νίκος=nikos Σοφία=sofia"),
        family=_pairs("Βασιλείου=vasileiou Δήμου=dimou Παππάς=pappas Σταύρου=stavrou"),
    ),
    Naming(
        script="Han",
        share=12,
        given=_pairs("伟=wei 芳=fang 秀英=xiuying 敏=min 静=jing 丽=li 强=qiang 磊=lei"),
        family=_pairs("王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 黄=huang 赵=zhao"),
        family_first=True,
        between="",
    ),
    Naming(
        script="Kana and Han",
        share=6,
        given=_pairs("さくら=sakura ゆい=yui ハルト=haruto 蓮=ren 陽菜=hina ソウタ=sota"),
        family=_pairs("佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe"),
        family_first=True,
    ),
    Naming(
        script="Hangul",
        share=5,
        given=_pairs("민준=minjun 서연=seoyeon 지우=jiwoo 하은=haeun 도윤=doyun"),
        family=_pairs("김=kim 이=lee 박=park 최=choi 정=jung 강=kang"),
        family_first=True,
        between="",
    ),
    Naming(
        script="Arabic",
        share=6,
        given=_pairs("محمد=mohamed فاطمة=fatima علي=ali مريم=maryam يوسف=yousef"),
        family=_pairs("الحسن=alhassan منصور=mansour خوري=khoury حداد=haddad"),
    ),
    Naming(
        script="Hebrew",
        share=2,
        given=_pairs("נועה=noa דוד=david יעל=yael אורי=uri"),
        family=_pairs("כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz"),
    ),
    Naming(
        script="Devanagari",
        share=6,
        given=_pairs("आरव=aarav दीया=diya रोहन=rohan मीरा=meera विवान=vivaan"),
        family=_pairs("शर्मा=sharma वर्मा=varma गुप्ता=gupta सिंह=singh"),
    ),
    Naming(
        script="Thai",
        share=3,
        given=_pairs("สมชาย=somchai มาลี=malee นภา=napa ธนา=thana"),
        family=_pairs("ใจดี=jaidee ทองคำ=thongkham ศรีสุข=srisuk"),
    ),
    Naming(
        script="Georgian and Armenian",
        share=2,
        given=_pairs("ნინო=nino გიორგი=giorgi Արամ=aram Անի=ani"),
        family=_pairs("ბერიძე=beridze Սարգսյան=sargsyan"),
    ),
)

_BY_SHARE: Final = tuple(naming for naming in NAMINGS for _ in range(naming.share))


def draw(chance: Random) -> tuple[str, str]:
    """Return a full name (NFC), and its Latin spelling for an address: `given.family`."""
    # Products of one random number each: three times as fast as `choice`.
    naming = _BY_SHARE[int(chance.random() * len(_BY_SHARE))]
    given = naming.given[int(chance.random() * len(naming.given))]
    family = naming.family[int(chance.random() * len(naming.family))]
    first, last = (family, given) if naming.family_first else (given, family)
    return f"{first[0]}{naming.between}{last[0]}", f"{given[1]}.{family[1]}"
