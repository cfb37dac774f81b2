"""What people do themselves."""

import hashlib

from pandora.user.v1 import auth_service_pb2 as auth
from pandora.user.v1 import kyc_service_pb2 as kyc_service
from pandora.user.v1 import mfa_service_pb2 as mfa
from pandora.user.v1 import session_service_pb2 as session_service
from pandora.user.v1 import user_service_pb2 as users
from tests.faults import people
from tests.faults.hand import Hand
from tests.faults.journal import Operation, Outcome
from tests.faults.people import Person, Session

_WRONG_PASSWORD = "Wrong-horse-battery-staple"


def digest(refresh_token: str) -> str:
    """Return what is stored of a refresh token."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()


async def register(hand: Hand, person: Person) -> Operation:
    request = auth.RegisterRequest(email=person.email, password=person.password)
    operation, answer = await hand.ask(
        person, "register", "auth.Register", request, email=person.email, password=person.password
    )
    if answer is None:
        person.is_lost = True
    else:
        person.user_id = operation.facts["user_id"] = answer.user.id
    return operation


async def log_in(hand: Hand, person: Person) -> Operation:
    request = auth.LoginRequest(email=person.email, password=person.password)
    operation, answer = await hand.ask(person, "login", "auth.Login", request)
    if answer is not None:
        operation.facts["session_id"] = answer.session_id
        operation.facts["new"] = digest(answer.refresh_token)
        session = Session(
            id=answer.session_id,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token,
        )
        person.sessions.append(session)
    return operation


async def fail_to_log_in(hand: Hand, person: Person) -> Operation:
    request = auth.LoginRequest(email=person.email, password=_WRONG_PASSWORD)
    operation, _ = await hand.ask(person, "failed login", "auth.Login", request)
    return operation


async def refresh(hand: Hand, person: Person) -> Operation:
    """Renew a session; an attempt whose answer is missing is repeated under its name."""
    session = hand.session(person)
    operation = hand.begin(
        person, "refresh", session_id=session.id, old=digest(session.refresh_token)
    )
    session.attempt = session.attempt or operation.id
    request = auth.RefreshTokenRequest(
        refresh_token=session.refresh_token, request_id=session.attempt
    )
    answer = await hand.client.perform(operation, "auth.RefreshToken", request)
    if answer is not None:
        operation.facts["new"] = digest(answer.refresh_token)
        session.access_token, session.refresh_token = answer.access_token, answer.refresh_token
        session.attempt = ""
    elif operation.outcome is Outcome.REFUSED:
        person.sessions.remove(session)
    return operation


async def log_out(hand: Hand, person: Person) -> Operation:
    session = hand.session(person)
    request = auth.LogoutRequest(refresh_token=session.refresh_token)
    operation, _ = await hand.ask(person, "logout", "auth.Logout", request, session_id=session.id)
    person.sessions.remove(session)
    return operation


async def revoke_session(hand: Hand, person: Person) -> Operation:
    session = hand.session(person)
    operation, _ = await hand.ask(
        person,
        "revoke session",
        "sessions.RevokeSession",
        session_service.RevokeSessionRequest(user_id="me", session_id=session.id),
        token=session.access_token,
        session_id=session.id,
    )
    person.sessions.remove(session)
    return operation


async def revoke_sessions(hand: Hand, person: Person) -> Operation:
    session = hand.session(person)
    operation, answer = await hand.ask(
        person,
        "revoke sessions",
        "sessions.RevokeSessions",
        session_service.RevokeSessionsRequest(user_id="me", keep_current=True),
        token=session.access_token,
    )
    if answer is not None:
        operation.facts["revoked"] = str(answer.revoked_count)
        person.sessions = [session]
    return operation


async def update(hand: Hand, person: Person) -> Operation:
    """Take a name that nobody has had before: that of the operation."""
    operation = hand.begin(person, "update")
    request = users.UpdateUserRequest(user_id="me", full_name=operation.id)
    token = hand.session(person).access_token
    await hand.client.perform(operation, "users.UpdateUser", request, token=token)
    return operation


async def change_password(hand: Hand, person: Person) -> Operation:
    session = hand.session(person)
    operation = hand.begin(person, "change password")
    password = operation.facts["password"] = f"Password-{operation.id}"
    request = users.ChangePasswordRequest(
        user_id="me", current_password=person.password, new_password=password
    )
    token = session.access_token
    await hand.client.perform(operation, "users.ChangePassword", request, token=token)
    if operation.outcome is Outcome.DONE:
        person.password, person.sessions = password, [session]
    person.is_lost = operation.outcome is Outcome.UNKNOWN
    return operation


async def enrol_totp(hand: Hand, person: Person) -> Operation:
    """Begin a second factor, which needs Vault; it is never confirmed."""
    token = hand.session(person).access_token
    request = mfa.EnrollTotpRequest(user_id="me")
    operation, _ = await hand.ask(person, "enrol totp", "mfa.EnrollTotp", request, token=token)
    return operation


async def submit_kyc(hand: Hand, person: Person) -> Operation:
    token = hand.session(person).access_token
    request = kyc_service.SubmitKycRequest(user_id="me")
    operation, answer = await hand.ask(person, "submit kyc", "kyc.SubmitKyc", request, token=token)
    person.kyc = person.kyc if answer is None else people.PENDING
    return operation
