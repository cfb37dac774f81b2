import grpc
import pytest

from core.domain.user import Role
from pandora.user.v1 import user_pb2
from pandora.user.v1 import user_service_pb2 as pb
from tests.fakes.world import PASSWORD
from tests.unit.transport.core_server import refused, running_core

pytestmark = pytest.mark.asyncio

NOBODY = "019a2f60-9999-7aaa-8bbb-c0ffee000009"


async def test_me_and_every_spelling_of_ones_own_id_answer_the_same_account() -> None:
    async with running_core() as core:
        ada = await core.user()
        answers = [
            await core.users.GetUser(pb.GetUserRequest(user_id=who), metadata=ada.credentials)
            for who in ("me", ada.id, ada.id.upper())
        ]

    assert {answer.user.id for answer in answers} == {ada.id}


async def test_me_means_nobody_to_a_service() -> None:
    async with running_core() as core:
        request = pb.GetUserRequest(user_id="me")
        refusal = await refused(core.users.GetUser(request, metadata=await core.service()))

    assert refusal.reason == "VALIDATION_FAILED"
    assert refusal.bad_request is not None
    (violation,) = refusal.bad_request.field_violations
    assert (violation.field, violation.reason) == ("user_id", "user_id.me")


async def test_whom_one_may_not_see_is_refused_whether_they_exist_or_not() -> None:
    async with running_core() as core:
        ada, bob = await core.user(), await core.user("bob@example.com")
        refusals = [
            await refused(
                core.users.GetUser(pb.GetUserRequest(user_id=who), metadata=ada.credentials)
            )
            for who in (bob.id, NOBODY)
        ]
        admin = await core.staff()
        missing = await refused(
            core.users.GetUser(pb.GetUserRequest(user_id=NOBODY), metadata=admin.credentials)
        )

    assert {refusal.reason for refusal in refusals} == {"PERMISSION_DENIED"}
    assert missing.reason == "USER_NOT_FOUND"
    assert missing.code is grpc.StatusCode.NOT_FOUND


async def test_an_address_finds_its_account_in_any_letter_case() -> None:
    async with running_core() as core:
        ada = await core.user()
        orders = await core.service()
        found = await core.users.GetUserByEmail(
            pb.GetUserByEmailRequest(email=" ADA@example.COM"), metadata=orders
        )
        missing = await refused(
            core.users.GetUserByEmail(
                pb.GetUserByEmailRequest(email="bob@example.com"), metadata=orders
            )
        )

    assert found.user.id == ada.id
    assert missing.reason == "USER_NOT_FOUND"


async def test_a_batch_is_answered_in_the_order_asked_for_with_what_is_missing() -> None:
    async with running_core() as core:
        ada, bob = await core.user(), await core.user("bob@example.com")
        request = pb.BatchGetUsersRequest(
            user_ids=[bob.id, NOBODY.upper(), ada.id, bob.id.upper(), NOBODY]
        )
        answer = await core.users.BatchGetUsers(request, metadata=await core.service())

    assert [user.id for user in answer.users] == [bob.id, ada.id]
    assert list(answer.missing_ids) == [NOBODY]


async def test_lists_come_page_by_page_under_one_filter() -> None:
    async with running_core() as core:
        admin = await core.staff()
        people = [(await core.user(f"p{n}@example.com")).id for n in range(5)]
        filtered = pb.ListUsersRequest(role=user_pb2.ROLE_USER, page_size=2)
        seen: list[str] = []
        pages = 0
        while True:
            page = await core.users.ListUsers(filtered, metadata=admin.credentials)
            seen += [user.id for user in page.users]
            pages += 1
            if not page.next_page_token:
                break
            filtered.page_token = page.next_page_token
        filtered.role = user_pb2.ROLE_ADMIN
        other_filter = await refused(core.users.ListUsers(filtered, metadata=admin.credentials))

    assert seen == people[::-1]
    assert pages == 3
    assert other_filter.reason == "PAGE_TOKEN_INVALID"


async def test_each_filter_narrows_and_what_is_left_out_does_not() -> None:
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        gone = await core.user("gone@example.com")
        await core.world.use_cases.deletion.delete(gone.user.id, caller=core.world.system)

        async def ids(request: pb.ListUsersRequest) -> set[str]:
            page = await core.users.ListUsers(request, metadata=admin.credentials)
            return {user.id for user in page.users}

        everyone = await ids(pb.ListUsersRequest())
        with_deleted = await ids(pb.ListUsersRequest(show_deleted=True))
        admins = await ids(pb.ListUsersRequest(role=user_pb2.ROLE_ADMIN))
        deleted = await ids(pb.ListUsersRequest(status=user_pb2.USER_STATUS_DELETED))
        named = await ids(pb.ListUsersRequest(query="ADA@"))
        verified = await ids(pb.ListUsersRequest(kyc_status=2))  # type: ignore[arg-type]

    assert everyone == {admin.id, ada.id}
    assert with_deleted == {admin.id, ada.id, gone.id}
    assert admins == {admin.id}
    assert deleted == {gone.id}
    assert named == {ada.id}
    assert verified == set()


async def test_a_profile_field_stays_changes_or_goes() -> None:
    async with running_core() as core:
        ada = await core.user()

        async def update(request: pb.UpdateUserRequest) -> user_pb2.User:
            return (await core.users.UpdateUser(request, metadata=ada.credentials)).user

        named = await update(pb.UpdateUserRequest(user_id="me", full_name="Ada"))
        left = await update(pb.UpdateUserRequest(user_id="me"))
        removed = await update(pb.UpdateUserRequest(user_id="me", full_name=""))

    assert named.full_name == left.full_name == "Ada"
    assert not removed.HasField("full_name")


async def test_an_account_is_deleted_and_restored() -> None:
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        deleted = await core.users.DeleteUser(
            pb.DeleteUserRequest(user_id="me"), metadata=ada.credentials
        )
        ended = await refused(
            core.users.GetUser(pb.GetUserRequest(user_id="me"), metadata=ada.credentials)
        )
        restored = await core.users.RestoreUser(
            pb.RestoreUserRequest(user_id=ada.id), metadata=admin.credentials
        )

    assert deleted.user.status == user_pb2.USER_STATUS_DELETED
    assert deleted.user.HasField("deleted_at")
    assert ended.reason == "SESSION_REVOKED"
    assert restored.user.status == user_pb2.USER_STATUS_ACTIVE
    assert not restored.user.HasField("deleted_at")


async def test_a_role_is_changed_and_the_last_admin_stays() -> None:
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        request = pb.SetUserRoleRequest(user_id=ada.id, role=user_pb2.ROLE_COMPLIANCE)
        changed = await core.users.SetUserRole(request, metadata=admin.credentials)
        last = await refused(
            core.users.DeleteUser(pb.DeleteUserRequest(user_id="me"), metadata=admin.credentials)
        )

    assert changed.user.role == user_pb2.ROLE_COMPLIANCE
    assert last.reason == "LAST_ADMIN"


async def test_a_suspended_user_is_out_until_reactivated() -> None:
    async with running_core() as core:
        officer, ada = await core.staff(Role.COMPLIANCE), await core.user()
        suspended = await core.users.SuspendUser(
            pb.SuspendUserRequest(user_id=ada.id, reason="a hint"), metadata=officer.credentials
        )
        out = await refused(
            core.users.GetUser(pb.GetUserRequest(user_id="me"), metadata=ada.credentials)
        )
        reactivated = await core.users.ReactivateUser(
            pb.ReactivateUserRequest(user_id=ada.id, reason="it was wrong"),
            metadata=officer.credentials,
        )
        reasons = [entry.reason for entry in core.world.database.audit_entries[-2:]]

    assert suspended.user.status == user_pb2.USER_STATUS_SUSPENDED
    assert out.reason == "SESSION_REVOKED"
    assert reactivated.user.status == user_pb2.USER_STATUS_ACTIVE
    assert reasons == ["a hint", "it was wrong"]
    assert PASSWORD not in repr(core.log.entries)
