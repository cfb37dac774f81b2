"""The comments that descriptors in generated code lack."""

import json
from pathlib import Path

from tests.unit.proto_toolchain.checkout import ROOT, Step, edit

COMMENTS = "gen/pandora/user/v1/comments.json"


def test_everything_that_has_a_name_has_one_by_its_full_name() -> None:
    comments = json.loads((ROOT / COMMENTS).read_text())
    assert comments["pandora.user.v1.UserService"].startswith("Reads and changes accounts.")
    assert comments["pandora.user.v1.UserService.GetUser"].startswith("Reads one account.")
    assert comments["pandora.user.v1.User.id"] == "UUIDv7, canonical lower-case form."
    assert comments["pandora.user.v1.Role.ROLE_ADMIN"] == "An administrator."
    assert comments["pandora.user.v1.CompleteMfaRequest.proof"] == "One proof of the second factor."


def test_a_line_that_is_broken_in_the_proto_is_whole() -> None:
    comments = json.loads((ROOT / COMMENTS).read_text())
    assert "\n" not in comments["pandora.user.v1.AuthService.Login"]


def test_check_names_comments_that_are_old(sources: Path, step: Step) -> None:
    edit(sources, "proto/pandora/user/v1/user.proto", "// An administrator.", "// Everything.")
    status, printed = step("check")
    assert status == 1
    assert printed.startswith(f"{COMMENTS} differs from what the protos say")
