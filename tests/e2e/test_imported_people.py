"""Accounts that come from another system, from the operator's file to their first logins."""

import hashlib
import json
import secrets
import uuid
from pathlib import Path

import bcrypt
import pytest

from tests.e2e.ledger import count, events_of, rows
from tests.e2e.people import PASSWORD, new_email, person_of, register
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.integration.mailbox import Mailbox, token_in
from tests.postgres_client import until
from tests.unit.crypto.hash_vectors import DJANGO_ARGON2, VECTORS, Vector

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

OURS = "$argon2id$v=19$m=19456,t=2,p=1$"

# A login names a password; whoever has none has no login.
LOGINS = tuple(vector for vector in (*VECTORS, DJANGO_ARGON2) if vector.password)


def line(email: str, password_hash: str, **fields: object) -> str:
    return json.dumps({"email": email, "password_hash": password_hash} | fields) + "\n"


def address() -> str:
    return f"Imported.{uuid.uuid4().hex}@Example.com"


async def log_in(rest: Rest, email: str, password: str = PASSWORD) -> Answer:
    """Log in from an address of one's own, so that no failure here slows another login down."""
    client = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
    return await rest.call(
        "POST",
        "/v1/auth/login",
        {"email": email, "password": password},
        headers={"x-forwarded-for": client},
    )


def stored_hash(service: Service, email: str) -> str:
    statement = "SELECT hashed_password FROM users WHERE email = %s"
    ((found,),) = rows(service, statement, email)
    return str(found)


def login_details(service: Service, user_id: str) -> list[dict[str, object]]:
    statement = (
        "SELECT details FROM audit_events WHERE user_id = %s AND action = 'auth.login'"
        " ORDER BY sequence"
    )
    return [found for (found,) in rows(service, statement, user_id)]


async def test_every_kind_of_hash_lets_its_person_in_and_becomes_ours(
    rest: Rest, service: Service, tmp_path: Path
) -> None:
    people: list[tuple[str, Vector]] = [(address(), vector) for vector in LOGINS]
    file = tmp_path / "users.jsonl"
    file.write_text("".join(line(email, vector.text) for email, vector in people))
    run = service.site.run("core", "users", "import", str(file))
    assert (run.returncode, run.stdout) == (
        0,
        f"{len(people)} imported, 0 in use already, 0 refused\n",
    )
    for email, vector in people:
        service.confidential.add(vector.text)
        assert not stored_hash(service, email).startswith(OURS), vector.name
        wrong = await log_in(rest, email, vector.password + "x")
        assert (wrong.status, wrong.reason) == (401, "INVALID_CREDENTIALS"), vector.name
        first = await log_in(rest, email, vector.password)
        assert first.status == 200, (vector.name, first.body)
        assert stored_hash(service, email).startswith(OURS), vector.name
        again = await log_in(rest, email, vector.password)
        details = login_details(service, person_of(again).id)
        assert [each.get("password_rehashed") for each in details] == [None, True, None]


async def test_an_import_is_dry_first_and_can_be_repeated(
    rest: Rest, service: Service, tmp_path: Path
) -> None:
    there = new_email()
    assert (await register(rest, there)).status == 201
    email, verified, hashed = address(), address(), VECTORS[0].text
    file = tmp_path / "users.jsonl"
    file.write_text(
        line(email, hashed, full_name="Ada Lovelace")
        + line(there.upper(), hashed)
        + line("no address", hashed)
        + "\n"
        + line(address(), "$1$md5$secretsecretsecret")
        + line(verified, hashed, email_verified=True)
        + '{"email": "broken'
    )
    complaints = [
        "line 2: the address is in use; the account was left as it is",
        "line 3: email is not an e-mail address",
        "line 5: password_hash is no hash of bcrypt, PBKDF2, scrypt or Argon2id",
        "line 7: line is no JSON, or has a field twice",
    ]
    before = count(service, "SELECT count(*) FROM users")

    dry = service.site.run("core", "users", "import", "--dry-run", str(file))
    assert dry.returncode == 1
    assert dry.stdout == "2 would be imported, 1 in use already, 3 refused\n"
    assert [said for said in dry.stderr.splitlines() if said.startswith("line ")] == complaints
    assert count(service, "SELECT count(*) FROM users") == before

    real = service.site.run("core", "users", "import", str(file))
    assert real.returncode == 1
    assert real.stdout == "2 imported, 1 in use already, 3 refused\n"
    assert [said for said in real.stderr.splitlines() if said.startswith("line ")] == complaints
    assert "refused: 3 lines of users.jsonl" in real.stderr
    assert count(service, "SELECT count(*) FROM users") == before + 2

    again = service.site.run("core", "users", "import", str(file))
    assert again.stdout == "0 imported, 3 in use already, 3 refused\n"
    assert count(service, "SELECT count(*) FROM users") == before + 2
    for run in (dry, real, again):
        assert hashed[-20:] not in run.stdout + run.stderr
        assert "secretsecret" not in run.stdout + run.stderr
        assert email.lower() not in (run.stdout + run.stderr).lower()
    assert (await log_in(rest, there)).status == 200


async def test_an_imported_account_is_recorded_and_told(
    rest: Rest, service: Service, tmp_path: Path
) -> None:
    email = address()
    file = tmp_path / "users.jsonl"
    file.write_text(line(email, VECTORS[0].text, full_name="Ada Lovelace", email_verified=True))
    assert service.site.run("core", "users", "import", str(file)).returncode == 0
    person = person_of(await log_in(rest, email, VECTORS[0].password))
    look = await rest.get("/v1/users/me", token=person.access_token)
    user = look.json["user"]
    assert (user["email"], user["full_name"], user["role"]) == (email, "Ada Lovelace", "user")
    assert (user["email_verified"], user["kyc_status"]) == (True, "pending")
    ((actor, actor_id, outcome, details),) = rows(
        service,
        "SELECT actor_type, actor_id, outcome, details FROM audit_events"
        " WHERE user_id = %s AND action = 'user.import'",
        person.id,
    )
    assert (actor, actor_id, outcome) == ("system", None, "success")
    assert details == {"algorithm": "bcrypt", "email_verified": True}
    events = [each["event_type"] for each in await events_of(service, person.id)]
    assert events[:2] == ["user.created", "user.email_verified"]


async def test_a_password_beyond_72_bytes_is_refused_and_leads_to_a_reset(
    rest: Rest, service: Service, tmp_path: Path
) -> None:
    """The other system read 72 bytes of it, so what we would store is not what they know."""
    email = address()
    known = "oranges, a kite and twelve unhurried tortoises walked along the shoreline at dawn"
    assert len(known) > 72
    cut = bcrypt.hashpw(known.encode()[:72], bcrypt.gensalt(4)).decode()
    file = tmp_path / "users.jsonl"
    file.write_text(line(email, cut))
    assert service.site.run("core", "users", "import", str(file)).returncode == 0

    refused = await log_in(rest, email, known)
    assert (refused.status, refused.reason) == (401, "INVALID_CREDENTIALS")
    unknown = await log_in(rest, new_email(), known)
    assert set(unknown.json) == set(refused.json)
    ((details,),) = rows(
        service,
        "SELECT details FROM audit_events JOIN users ON users.id = audit_events.user_id"
        " WHERE users.email = %s AND action = 'auth.login'",
        email,
    )
    assert details == {"cause": "password_beyond_72_bytes", "mail": "password_reset"}

    box = Mailbox(folder=service.site.servers.stack.smtp.mail_folder, address=email)

    async def arrived() -> bool:
        return bool(box.mails())

    await until(arrived)
    token = token_in(box.mails()[-1])
    service.confidential.add(token)
    reset = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": known}
    )
    assert reset.status == 200, reset.body
    assert (await log_in(rest, email, known)).status == 200
    for other in (known[:72], known[:-1], known + "!"):
        assert (await log_in(rest, email, other)).status == 401


async def test_a_file_that_cannot_be_read_is_named(service: Service, tmp_path: Path) -> None:
    run = service.site.run("core", "users", "import", str(tmp_path / "missing.jsonl"))
    assert (run.returncode, run.stdout) == (1, "")
    assert "refused: missing.jsonl cannot be read: No such file or directory" in run.stderr


async def test_breached_passwords_of_an_operators_file_are_refused(
    service: Service, tmp_path: Path
) -> None:
    breached = "a phrase that was in a breach"
    digest = hashlib.sha1(breached.encode(), usedforsecurity=False).hexdigest().upper()
    file = tmp_path / "breached.txt"
    file.write_text(f"{'0' * 40}:1\r\n{digest}:12\r\n{'F' * 40}:3\r\n", newline="")
    setting = {"PANDORA_PASSWORDS__BREACHED_DIGESTS_FILE": str(file)}

    def create(password: str) -> "tuple[int, str]":
        run = service.site.run(
            "core", "users", "create-admin", address(), text=f"{password}\n", **setting
        )
        return run.returncode, run.stderr

    code, said = create(breached)
    assert code == 1
    assert "PASSWORD_TOO_WEAK: password is known from a data breach" in said
    assert breached not in said
    assert create("a phrase that was in no breach")[0] == 0


async def test_a_damaged_file_of_breached_passwords_ends_the_start_with_one_clear_line(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "breached.txt"
    file.write_text("B" * 40 + "\n" + "A" * 40 + "\n")
    run = service.site.run("core", "serve", PANDORA_PASSWORDS__BREACHED_DIGESTS_FILE=str(file))
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "cannot start: prepare keys and hashing: breached.txt is not in the order of its digests"
    )


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Password-2026", "password.common"),
        ("abcdefghijklmno", "password.pattern"),
        ("Pandora Exchange", "password.service_name"),
        ("{email}", "password.own_address"),
        ("short!7", "password.min_length"),
    ],
)
async def test_the_door_says_why_a_password_is_too_weak_and_how_to_do_better(
    rest: Rest, password: str, rule: str
) -> None:
    email = address()
    refused = await rest.post(
        "/v1/auth/register", {"email": email, "password": password.format(email=email)}
    )
    assert (refused.status, refused.reason) == (400, "PASSWORD_TOO_WEAK")
    (violation,) = refused.json["violations"]
    assert (violation["field"], violation["rule"]) == ("password", rule)
    assert "four or five words" in violation["message"]
