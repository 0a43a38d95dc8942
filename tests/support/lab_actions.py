"""What the package ``tf`` does not know of the plugin protocol: actions (terraform 1.14+), for :mod:`lab_provider`.

Field numbers are those of the protocol's version 6.10. Messages of actions that have the shape of an older message are
read and written as that one; the rest is put together field by field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from tf.gen import tfplugin_pb2 as protocol
from tf.gen import tfplugin_pb2_grpc as services
from tf.utils import read_dynamic_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tf.schema import Schema

_Config = protocol.ValidateDataResourceConfig.Request  # {type = 1, config = 2} is the request of all three calls
_Answer = protocol.ValidateDataResourceConfig.Response  # {diagnostics = 1} is the answer of the two, and of the end
_ACTION_SCHEMAS = 11


class ActionError(Exception):
    """An action fails: summary and detail."""


def serve(actions: Mapping[str, tuple[Schema, Callable[[Mapping[str, object]], Iterator[str]]]]) -> None:
    """Have every provider that is started from now on offer these actions.

    Args:
        actions: name → its schema, and what yields its progress and raises ActionError where it fails.
    """
    add = services.add_ProviderServicer_to_server

    def add_with_actions(servicer: services.ProviderServicer, server: grpc.Server) -> None:
        get = servicer.GetProviderSchema

        def schemas(request: object, context: object) -> protocol.GetProviderSchema.Response:
            response = get(request, context)
            for name, (schema, _) in actions.items():
                wrapped = _field(1, schema.to_pb().SerializeToString())
                response.MergeFromString(_field(_ACTION_SCHEMAS, _field(1, name.encode()) + _field(2, wrapped)))
            return response

        def invoke(request: _Config, _context: object) -> Iterator[bytes]:
            yield from _events(actions[request.type_name][1], read_dynamic_value(request.config))

        servicer.GetProviderSchema = schemas
        add(servicer, server)
        accepts = grpc.unary_unary_rpc_method_handler(
            lambda _request, _context: _Answer(), _Config.FromString, _Answer.SerializeToString
        )
        calls = {
            "ValidateActionConfig": accepts,
            "PlanAction": accepts,
            "InvokeAction": grpc.unary_stream_rpc_method_handler(invoke, _Config.FromString),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tfplugin6.Provider", calls),))

    services.add_ProviderServicer_to_server = add_with_actions


def _events(run: Callable[[Mapping[str, object]], Iterator[str]], config: Mapping[str, object]) -> Iterator[bytes]:
    """The messages of one invocation: its progress, and its end."""
    end = _Answer()
    try:
        for text in run(config):
            yield _field(1, _field(1, text.encode()))
    except ActionError as error:
        summary, detail = error.args
        end.diagnostics.add(severity=protocol.Diagnostic.ERROR, summary=summary, detail=detail)
    yield _field(2, end.SerializeToString())


def _field(number: int, content: bytes) -> bytes:
    """One field of a message, of a length that stands before it."""
    return _number(number << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _number(rest) if rest else bytes([low])
