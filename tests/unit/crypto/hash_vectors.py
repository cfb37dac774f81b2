"""Password hashes that other programs have made.

Those of Django 5.2 and of passlib's fork libpass 1.9 were made by these programs themselves; the
others stand in RFC 7914 (sections 11 and 12) and in the tests that jBCrypt has shipped since 2006.
"""

from dataclasses import dataclass

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A hash, its password, and what it is."""

    name: str
    text: str
    algorithm: str
    password: str = PASSWORD


DJANGO_PBKDF2 = Vector(
    name="Django pbkdf2_sha256",
    algorithm="pbkdf2-sha256",
    text="pbkdf2_sha256$1000$saltsaltsaltsalt$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8=",
)
DJANGO_SCRYPT = Vector(
    name="Django scrypt",
    algorithm="scrypt",
    text=(
        "scrypt$16384$fD5b1Qx0mQ2e$8$5$N/1nn7EmKKloL1/hFnwsD90KdbGN3XXWGY3L8YMgo4LC8yiImcpfSWB38Cv8"
        "CHGacdm3LIzRtFRRYRwQKlQcog=="
    ),
)
BCRYPT_2B = Vector(
    name="bcrypt $2b$",
    algorithm="bcrypt",
    text="$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
)
DJANGO_BCRYPT_SHA256 = Vector(
    name="Django bcrypt_sha256",
    algorithm="bcrypt-sha256",
    text="bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuuaBT8mpw5tGdD3eO40znWcQP/dT9hEVK",
)
DJANGO_ARGON2 = Vector(
    name="Django argon2",
    algorithm="argon2id",
    text=(
        "argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
        "$TUhCoV6YH8thtZpQqRp0JvQQ5ZYgiLA0LYApKDG6qtM"
    ),
)

VECTORS = (
    BCRYPT_2B,
    Vector(
        name="bcrypt $2a$",
        algorithm="bcrypt",
        text="$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    Vector(
        name="bcrypt $2y$",
        algorithm="bcrypt",
        text="$2y$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    Vector(
        name="jBCrypt, one letter",
        algorithm="bcrypt",
        password="a",
        text="$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
    ),
    Vector(
        name="jBCrypt, nothing",
        algorithm="bcrypt",
        password="",
        text="$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
    ),
    Vector(
        name="Django bcrypt",
        algorithm="bcrypt",
        text="bcrypt$$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    DJANGO_BCRYPT_SHA256,
    DJANGO_PBKDF2,
    Vector(
        name="Django pbkdf2_sha256, not NFKC",
        algorithm="pbkdf2-sha256",
        password="pässwörd…",
        text="pbkdf2_sha256$1000$saltsaltsaltsalt$mOkqV/lP0rG7Koqt6nnwIXYDcP+ef5raohkkw8PgE50=",
    ),
    Vector(
        name="Django pbkdf2_sha1",
        algorithm="pbkdf2-sha1",
        text="pbkdf2_sha1$1000$saltsaltsaltsalt$XfAg5IAz304UvYgmglt9ZXw8wLc=",
    ),
    Vector(
        name="PHC pbkdf2-sha256",
        algorithm="pbkdf2-sha256",
        text=(
            "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA"
            "$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8"
        ),
    ),
    Vector(
        name="passlib pbkdf2-sha256",
        algorithm="pbkdf2-sha256",
        text=(
            "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8"
        ),
    ),
    Vector(
        name="passlib pbkdf2-sha512",
        algorithm="pbkdf2-sha512",
        text=(
            "$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0c2FsdA$ORxvnPF08mmTltUf/WSLS8FZ3yYanqBrD.km4rpMr07"
            "F2ze7/s1VLAjm.ry9RrSLc7aA5i7XxlkTGvDGO5vcpw"
        ),
    ),
    Vector(
        name="passlib pbkdf2",
        algorithm="pbkdf2-sha1",
        text="$pbkdf2$1000$c2FsdHNhbHRzYWx0c2FsdA$XfAg5IAz304UvYgmglt9ZXw8wLc",
    ),
    Vector(
        name="RFC 7914 section 11, one iteration",
        algorithm="pbkdf2-sha256",
        password="passwd",
        text=(
            "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZ"
            "LOdd+8xfHG4RbHjC9UJESBB06GXgw"
        ),
    ),
    Vector(
        name="RFC 7914 section 11, 80000 iterations",
        algorithm="pbkdf2-sha256",
        password="Password",
        text=(
            "$pbkdf2-sha256$i=80000,l=64$TmFDbA$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzV"
            "JrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ"
        ),
    ),
    DJANGO_SCRYPT,
    Vector(
        name="Django scrypt, cheap",
        algorithm="scrypt",
        text=(
            "scrypt$16$saltsaltsaltsalt$8$5$gww+LljrEMUFklKNVWAiu1najI9ryjSmDyk6C0WLI893F6IUyl5+0v5z"
            "jxYV2WcPbDximq+AQ+j91VeARQwL9A=="
        ),
    ),
    Vector(
        name="PHC scrypt",
        algorithm="scrypt",
        text=(
            "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA"
            "$jkBzE6t+3YTzAuQ1ol2ZxJUOk0akIbgat0w+kf21AT0"
        ),
    ),
    Vector(
        name="RFC 7914 section 12, nothing",
        algorithm="scrypt",
        password="",
        text=(
            "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEL80Aad7QlI+DJqdToPyB8X6N"
            "Pg+y4NNijPNeIMONGJBg"
        ),
    ),
    Vector(
        name="RFC 7914 section 12, password and NaCl",
        algorithm="scrypt",
        password="password",
        text=(
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCS"
            "edmDDaxyevuUqD7m2DYMvfoswGQA"
        ),
    ),
)
