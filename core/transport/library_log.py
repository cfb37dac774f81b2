"""What the gRPC library logs of its own accord, and must not."""

import logging

_LIBRARY_LOGGER = "grpc._cython.cygrpc"
_HEADER_DUMP = "Invalid encoding on %s"


def keep_headers_out_of_the_log() -> None:
    """Drop the lines in which grpc prints header values that are not UTF-8, twice for each call.

    They can hold access tokens, and a stranger could fill a disk with them. The call itself is
    logged by the pipeline. Safe to repeat.
    """
    logging.getLogger(_LIBRARY_LOGGER).addFilter(_is_no_header_dump)


def _is_no_header_dump(record: logging.LogRecord) -> bool:
    return record.msg != _HEADER_DUMP
