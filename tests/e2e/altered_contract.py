"""A contract that lets the world keep the public keys for another time; all else is the same."""

import inspect
import re
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from pandora.options.v1 import access_pb2
from pandora.user.v1 import auth_service_pb2


def with_jwks_max_age(folder: Path, seconds: int) -> dict[str, str]:
    """Write the generated module of such a contract; return the variables that put it into force.

    The option in the proto is the one place that decides it, for the gateway and for rotations.
    """
    file = FileDescriptorProto()
    auth_service_pb2.DESCRIPTOR.CopyToProto(file)
    (method,) = (each for each in file.service[0].method if each.name == "GetJwks")
    # Generated code and type stubs disagree on the extension's class.
    access: Any = access_pb2.access
    method.options.Extensions[access].public_max_age_seconds = seconds
    source, replaced = re.subn(
        r"AddSerializedFile\(b.*\)$",
        lambda _: f"AddSerializedFile({file.SerializeToString()!r})",
        inspect.getsource(auth_service_pb2),
        flags=re.MULTILINE,
    )
    assert replaced == 1
    module = folder / "pandora" / "user" / "v1" / "auth_service_pb2.py"
    module.parent.mkdir(parents=True)
    module.write_text(source)
    return {"PYTHONPATH": str(folder)}
