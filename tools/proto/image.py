"""Compiles protos into a buf image, with the files that they import taken from the wheels.

`googleapis-common-protos` installs `google/api` and `google/rpc` as sources. `protovalidate` holds
`buf/validate/validate.proto` only as a descriptor, inside a private module: there is no public way
to it, and a copy in this repository could come to differ from the rules that are enforced.
"""

import sys
from pathlib import Path

import google.api
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from protovalidate._gen.buf.validate import validate_pb

from tools.proto.commands import ToolError, run

PROTOC = (sys.executable, "-m", "grpc_tools.protoc")
_GOOGLE_PROTOS = (
    "google/api/annotations.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
)


def compile_image(proto_root: Path, image: Path) -> None:
    """Compile every proto under `proto_root`, with comments and imports, into the file `image`.

    Beside `image` the dependencies are left as `dependencies.binpb`. Raises ToolError when there is
    no proto, or when one does not compile.
    """
    names = proto_names(proto_root)
    if not names:
        raise ToolError(f"there is no .proto file under {proto_root}")
    dependencies = image.with_name("dependencies.binpb")
    dependencies.write_bytes(_dependency_set(image.parent).SerializeToString(deterministic=True))
    run(
        [
            *PROTOC,
            f"--descriptor_set_in={dependencies}",
            f"--proto_path={proto_root}",
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={image}",
            *names,
        ],
        cwd=image.parent,
    )


def proto_names(proto_root: Path) -> list[str]:
    """Return the paths of all protos, relative to `proto_root` and sorted."""
    return sorted(path.relative_to(proto_root).as_posix() for path in proto_root.rglob("*.proto"))


def _dependency_set(scratch: Path) -> FileDescriptorSet:
    compiled = scratch / "google.binpb"
    run(
        [
            *PROTOC,
            f"--proto_path={Path(google.api.__path__[0]).parents[1]}",
            "--include_imports",
            f"--descriptor_set_out={compiled}",
            *_GOOGLE_PROTOS,
        ],
        cwd=scratch,
    )
    dependencies = FileDescriptorSet.FromString(compiled.read_bytes())
    validate = validate_pb.desc().proto.to_binary()
    dependencies.file.append(FileDescriptorProto.FromString(validate))
    return dependencies
