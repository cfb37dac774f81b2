"""A contract is compared with the one that others rely on already."""

from pathlib import Path

import pytest

from tests.unit.proto_toolchain.checkout import (
    Step,
    add_a_field,
    commit,
    edit,
    git,
    rename_a_field,
)


def assert_names_the_renamed_field(outcome: tuple[int, str]) -> None:
    status, printed = outcome
    assert status == 1
    assert "pandora/user/v1/user.proto" in printed
    assert '"full_name"' in printed
    assert '"User"' in printed


def assert_nothing_to_compare(outcome: tuple[int, str], reason: str) -> None:
    assert outcome == (0, f"buf breaking: nothing to compare with: {reason}\n")


def test_breaking_passes_without_a_repository(step: Step) -> None:
    assert step("breaking") == (
        0,
        "buf breaking: nothing to compare with: this is no git checkout\n",
    )


def test_breaking_passes_before_the_first_commit(sources: Path, step: Step) -> None:
    git(sources, "init", "--initial-branch=main")
    assert step("breaking") == (
        0,
        "buf breaking: nothing to compare with: nothing is committed yet\n",
    )


@pytest.mark.usefixtures("repository")
def test_breaking_passes_on_the_first_commit(step: Step) -> None:
    assert_nothing_to_compare(step("breaking"), "HEAD is the first commit")


def test_breaking_passes_when_main_had_no_protos(sources: Path, step: Step) -> None:
    git(sources, "init", "--initial-branch=main")
    git(sources, "commit", "--allow-empty", "--message", "empty")
    git(sources, "switch", "--create", "work")
    commit(sources, "contract")
    status, printed = step("breaking")
    assert status == 0
    assert "(the merge base with main) has no protos" in printed


def test_an_unchanged_contract_is_compatible_with_the_commit_before(
    repository: Path, step: Step
) -> None:
    commit(repository, "something else")
    status, printed = step("breaking")
    assert status == 0
    assert "the commit before HEAD" in printed


def test_a_field_renamed_on_main_breaks_the_commit_before(repository: Path, step: Step) -> None:
    rename_a_field(repository)
    commit(repository, "rename")
    assert_names_the_renamed_field(step("breaking"))


def test_a_field_renamed_but_not_committed_breaks_head(repository: Path, step: Step) -> None:
    rename_a_field(repository)
    assert_names_the_renamed_field(step("breaking"))


def test_a_field_renamed_on_a_branch_breaks_main(repository: Path, step: Step) -> None:
    git(repository, "switch", "--create", "work")
    rename_a_field(repository)
    commit(repository, "rename")
    commit(repository, "later work, whose commit before it has the new name already")
    assert_names_the_renamed_field(step("breaking"))


def test_a_field_added_on_a_branch_is_compatible_with_main(repository: Path, step: Step) -> None:
    git(repository, "switch", "--create", "work")
    add_a_field(repository)
    commit(repository, "add")
    status, printed = step("breaking")
    assert status == 0
    assert "the merge base with main" in printed


def test_a_field_that_main_gained_meanwhile_is_not_missed_on_a_branch(
    repository: Path, step: Step
) -> None:
    git(repository, "branch", "work")
    add_a_field(repository)
    commit(repository, "add")
    git(repository, "switch", "work")
    commit(repository, "work")
    assert step("breaking")[0] == 0


def test_a_message_moved_to_another_file_breaks_importers(repository: Path, step: Step) -> None:
    folder = repository / "proto/pandora/user/v1"
    (folder / "session.proto").rename(folder / "login.proto")
    service = "proto/pandora/user/v1/session_service.proto"
    edit(repository, service, "user/v1/session.proto", "user/v1/login.proto")
    status, printed = step("breaking")
    assert status == 1
    assert '"pandora/user/v1/session.proto" was deleted' in printed


def test_a_shallow_clone_fetches_what_it_must_compare_with(
    repository: Path, step: Step, tmp_path: Path
) -> None:
    git(repository, "switch", "--create", "work")
    rename_a_field(repository)
    commit(repository, "rename")
    commit(repository, "later work")
    clone = tmp_path / "clone"
    source = repository.as_uri()
    git(tmp_path, "clone", "--depth=1", "--branch=work", source, str(clone))
    git(clone, "checkout", "--detach")
    assert_names_the_renamed_field(step("breaking", clone))


def test_a_clone_of_one_branch_fetches_main(repository: Path, step: Step, tmp_path: Path) -> None:
    git(repository, "switch", "--create", "work")
    rename_a_field(repository)
    commit(repository, "rename")
    commit(repository, "later work")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--single-branch", "--branch=work", repository.as_uri(), str(clone))
    assert_names_the_renamed_field(step("breaking", clone))


def test_a_shallow_clone_without_its_origin_is_refused(
    repository: Path, step: Step, tmp_path: Path
) -> None:
    commit(repository, "something else")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--depth=1", repository.as_uri(), str(clone))
    git(clone, "remote", "remove", "origin")
    status, printed = step("breaking", clone)
    assert status == 1
    assert "this clone lacks the history to compare with" in printed


def test_histories_without_a_common_commit_are_refused(repository: Path, step: Step) -> None:
    git(repository, "switch", "--orphan", "work")
    git(repository, "checkout", "main", "--", ".")
    commit(repository, "contract once more")
    assert step("breaking") == (1, "HEAD and main have no commit in common\n")
