"""An end-of-turn model of a few hundred bytes: the brighter the last 100 ms, the less complete the sentence."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

LAST_FRAMES = 10


def write(path: Path) -> Path:
    """Takes what Smart Turn v3 takes and gives what it gives: sigmoid(-4 * mean of the last columns)."""
    graph = helper.make_graph(
        [
            helper.make_node("Slice", ["input_features", "from", "to", "axis"], ["last"]),
            helper.make_node("ReduceMean", ["last"], ["mean"], axes=[1, 2], keepdims=0),
            helper.make_node("Mul", ["mean", "factor"], ["scaled"]),
            helper.make_node("Sigmoid", ["scaled"], ["logits"]),
        ],
        "tiny_end_of_turn",
        [helper.make_tensor_value_info("input_features", TensorProto.FLOAT, ["batch", 80, 800])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch"])],
        [
            helper.make_tensor("from", TensorProto.INT64, [1], [800 - LAST_FRAMES]),
            helper.make_tensor("to", TensorProto.INT64, [1], [800]),
            helper.make_tensor("axis", TensorProto.INT64, [1], [2]),
            helper.make_tensor("factor", TensorProto.FLOAT, [1], [-4.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
