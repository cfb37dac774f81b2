"""A protoc plugin that buf runs: gRPC stubs in Python, and their types.

The stubs come from `grpcio-tools`, whose own plugin is built into its protoc and cannot be run by
buf. Its output is untyped, so `tools.proto.stub_types` writes a .pyi beside each.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools.proto.commands import run
from tools.proto.image import PROTOC
from tools.proto.stub_types import stub_types


def respond(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Return the stubs of every requested file that holds a service."""
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    wanted = set(request.file_to_generate)
    files = [file for file in request.proto_file if file.name in wanted and file.service]
    if not files:
        return response
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        image = scratch / "request.binpb"
        image.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        options = [f"--descriptor_set_in={image}", f"--grpc_python_out={scratch}"]
        run([*PROTOC, *options, *(file.name for file in files)], cwd=scratch)
        for file in files:
            name = file.name.removesuffix(".proto") + "_pb2_grpc.py"
            response.file.add(name=name, content=(scratch / name).read_text())
            response.file.add(name=name + "i", content=stub_types(file, request.proto_file))
    return response


if __name__ == "__main__":
    sys.stdout.buffer.write(
        respond(CodeGeneratorRequest.FromString(sys.stdin.buffer.read())).SerializeToString()
    )
