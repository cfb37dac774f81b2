"""JSON to protobuf messages and back, by converters that are built once per message type.

The mapping is proto3 JSON with these deviations, all of them from the contract: field names are the
proto's own (snake_case) in both directions, enum values are lower-case without their type's prefix,
an UNSPECIFIED enum is left out of answers and refused in requests, and fields without presence are
always written. https://protobuf.dev/programming-guides/json/
"""
