"""The contract as data, for tests in Python: every method by name, called with requests written as JSON.

Knows nothing but what protoc generated from proto/ (deploy/his/generate_stubs.sh).
"""

import importlib
import pathlib
import sys
import uuid

import grpc
from google.protobuf import json_format


class Answer:
    """What came of a call: the code's name, every message as a dict, and the detail of an error."""

    def __init__(self, code, messages, text="", detail=None):
        self.code = code
        self.messages = messages
        self.text = text
        self.detail = detail or {}

    @property
    def first(self):
        return self.messages[0] if self.messages else {}

    def __str__(self):
        return f"{self.code} {self.text or self.messages}"


class Contract:
    """Every method of the contract. Safe for concurrent use."""

    def __init__(self, stubs):
        sys.path.insert(0, str(stubs))
        self.methods = {}
        for path in sorted(pathlib.Path(stubs).rglob("*_pb2.py")):
            name = ".".join(path.relative_to(stubs).with_suffix("").parts)
            for service in importlib.import_module(name).DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    self.methods[f"{service.full_name}/{method.name}"] = method
        self.errors = importlib.import_module("tongjian.common.v1.error_pb2")

    def find(self, name):
        """A method by its full name, or by the end of it as long as that names one."""
        found = [full for full in self.methods if full == name or full.endswith("." + name) or full.endswith("/" + name)]
        if len(found) != 1:
            raise KeyError(f"{name} names {found or 'no method'}")
        return found[0]

    def call(self, channel, name, request, metadata=(), timeout=20, messages_max=10):
        """Calls a method of any kind; of a stream it reads at most `messages_max` messages.

        `request`: a dict; a list of them for a method that takes a stream.
        """
        full = self.find(name)
        method = self.methods[full]
        streams = (method.client_streaming, method.server_streaming)
        kind = {(False, False): channel.unary_unary, (False, True): channel.unary_stream,
                (True, False): channel.stream_unary, (True, True): channel.stream_stream}[streams]
        callable_ = kind("/" + full, request_serializer=lambda message: message.SerializeToString(),
                         response_deserializer=method.output_type._concrete_class.FromString)
        requests = [json_format.ParseDict(with_request_id(method, part), method.input_type._concrete_class())
                    for part in (request if isinstance(request, list) else [request])]
        messages = []
        try:
            sent = iter(requests) if method.client_streaming else requests[0]
            answer = callable_(sent, metadata=metadata, timeout=timeout)
            for part in answer if method.server_streaming else [answer]:
                messages.append(json_format.MessageToDict(part, preserving_proto_field_name=True))
                if method.server_streaming and len(messages) == messages_max:
                    answer.cancel()
                    break
            return Answer("OK", messages)
        except grpc.RpcError as error:
            return Answer(error.code().name, messages, error.details(), self.detail(error))

    def detail(self, error):
        """The error's reason, field and whether to retry."""
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for packed in self.errors.Status.FromString(value).details:
                    detail = self.errors.ErrorDetail()
                    if packed.Unpack(detail):
                        return json_format.MessageToDict(detail, preserving_proto_field_name=True)
        return {}


def with_request_id(method, request):
    """Mutations carry an id of the request: one of its own where the caller gives none."""
    fields = method.input_type.fields_by_name
    if "request_id" in fields and "request_id" not in request and "requestId" not in request:
        return {**request, "request_id": str(uuid.uuid4())}
    return request


def read(path):
    return pathlib.Path(path).read_bytes()


def machine_channel(address, authority, files, server_name=""):
    """A channel with a machine's certificate; `files`: its path without .pem and .key."""
    credentials = grpc.ssl_channel_credentials(read(authority), read(f"{files}.key"), read(f"{files}.pem"))
    options = [("grpc.ssl_target_name_override", server_name)] if server_name else []
    return grpc.secure_channel(address, credentials, options)


def channel(address, authority):
    """A channel without a certificate: people bring a token."""
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(read(authority)))


def bearer(token):
    return (("authorization", f"Bearer {token}"),)
