"""What staff do about people."""

from pandora.user.v1 import kyc_service_pb2 as kyc_service
from pandora.user.v1 import user_service_pb2 as users
from pandora.user.v1.kyc_pb2 import KycStatus
from pandora.user.v1.user_pb2 import Role, UserStatus
from tests.faults import people
from tests.faults.hand import Hand
from tests.faults.journal import Operation
from tests.faults.people import Person

_REASON = "a test"


async def update_kyc(hand: Hand, person: Person) -> Operation:
    """Decide; the reason is the operation's name."""
    status = hand.random.choice(people.NEXT_KYC[person.kyc])
    operation = hand.begin(person, "update kyc", status=status)
    request = kyc_service.UpdateKycRequest(
        user_id=person.user_id,
        status=f"KYC_STATUS_{status.upper()}",
        reason=operation.id,
    )
    token = hand.compliance_token
    answer = await hand.client.perform(operation, "kyc.UpdateKyc", request, token=token)
    person.kyc = person.kyc if answer is None else status
    return operation


async def suspend(hand: Hand, person: Person) -> Operation:
    request = users.SuspendUserRequest(user_id=person.user_id, reason=_REASON)
    token = hand.compliance_token
    operation, answer = await hand.ask(person, "suspend", "users.SuspendUser", request, token=token)
    if answer is not None:
        person.status, person.sessions = people.SUSPENDED, []
    return operation


async def reactivate(hand: Hand, person: Person) -> Operation:
    request = users.ReactivateUserRequest(user_id=person.user_id, reason=_REASON)
    token = hand.compliance_token
    operation, answer = await hand.ask(
        person, "reactivate", "users.ReactivateUser", request, token=token
    )
    person.status = person.status if answer is None else people.ACTIVE
    return operation


async def delete(hand: Hand, person: Person) -> Operation:
    request = users.DeleteUserRequest(user_id=person.user_id)
    operation, answer = await hand.ask(
        person, "delete", "users.DeleteUser", request, token=hand.admin_token
    )
    if answer is not None:
        person.status, person.sessions = people.DELETED, []
    return operation


async def restore(hand: Hand, person: Person) -> Operation:
    request = users.RestoreUserRequest(user_id=person.user_id)
    operation, answer = await hand.ask(
        person, "restore", "users.RestoreUser", request, token=hand.admin_token
    )
    person.status = person.status if answer is None else people.ACTIVE
    return operation


async def set_role(hand: Hand, person: Person) -> Operation:
    role = "support" if person.role == "user" else "user"
    request = users.SetUserRoleRequest(user_id=person.user_id, role=f"ROLE_{role.upper()}")
    operation, answer = await hand.ask(
        person, "set role", "users.SetUserRole", request, token=hand.admin_token, role=role
    )
    person.role = person.role if answer is None else role
    return operation


async def look_again(hand: Hand, person: Person) -> None:
    """Learn what has become of somebody; without an answer the doubt stays."""
    request = users.GetUserRequest(user_id=person.user_id)
    answer = await hand.client.look("users.GetUser", request, token=hand.admin_token)
    if answer is None:
        return
    user = answer.user
    person.status = UserStatus.Name(user.status).removeprefix("USER_STATUS_").lower()
    person.kyc = KycStatus.Name(user.kyc_status).removeprefix("KYC_STATUS_").lower()
    person.role = Role.Name(user.role).removeprefix("ROLE_").lower()
    if not person.is_active:
        person.sessions = []
    person.in_doubt = False
