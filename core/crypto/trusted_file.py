"""Files that nobody but root and this process's own user can have written."""

import os
import stat
from pathlib import Path
from typing import Final

_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def why_untrusted(file: Path, *, within: Path) -> str | None:
    """Tell who else could have written a file, or put another one in its place; None: nobody.

    `within` is the folder, free of symbolic links, that was meant: none may lie between it and the
    file. Folders above it may be writable by all as /tmp is, where nobody can replace what is
    another's (the sticky bit).

    Raises:
        OSError: the file is not there, or its folders cannot be looked into.
    """
    for path in (file, *file.parents):
        state = path.lstat()
        is_above = within.is_relative_to(path) and path != within
        if stat.S_ISLNK(state.st_mode):
            return f"{path} is a symbolic link"
        if state.st_uid not in {0, os.geteuid()}:
            return f"{path} belongs to another user"
        if state.st_mode & _WRITABLE_BY_OTHERS and not (is_above and state.st_mode & stat.S_ISVTX):
            return f"{path} is writable by others"
    return None
