"""The OpenAPI 3.1 document, built from the same descriptors as routes and converters.

What it says about JSON is what `gateway.converters` read and write, what it says about fields is
what protovalidate enforces in the core, and its words are the comments of the protos.
"""
