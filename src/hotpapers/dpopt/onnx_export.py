"""A linear model as an ONNX graph over the features of its design; needs the package `onnx`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hotpapers.common.errors import MissingExtraError
from hotpapers.common.files import atomic_path
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.tables.schema import Interval
from hotpapers.dpopt.tables.schema_file import schema_words

__all__ = ["export_onnx"]


def export_onnx(model: LinearModel, path: Path) -> None:
    """Write ``features [m, d] float32 -> margins, and probabilities or numbers``.

    The schema and the features' names are in the file's metadata, so that whoever runs it can make the features.

    Parameters
    ----------
    model
        What to write.
    path
        ``.onnx``.

    Raises
    ------
    MissingExtraError
        If `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
        from onnx import save as save_onnx
    except ModuleNotFoundError as error:
        raise MissingExtraError('export needs onnx: pip install "hotpapers[dpopt-onnx]"') from error

    columns = model.coefficients.reshape(len(model.design.names), -1).astype(np.float32)
    weights = [numpy_helper.from_array(columns, "coefficients")]
    nodes = [helper.make_node("MatMul", ["features", "coefficients"], ["margins"])]
    last, width = "margins", columns.shape[1]
    target = model.schema.target
    if model.loss == "logistic":
        weights.append(numpy_helper.from_array(np.array(1.0, np.float32), "one"))
        nodes += [
            helper.make_node("Sigmoid", ["margins"], ["positive"]),
            helper.make_node("Sub", ["one", "positive"], ["negative"]),
            helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
        ]
        last, width = "probabilities", 2
    elif model.loss == "multinomial":
        nodes.append(helper.make_node("Softmax", ["margins"], ["probabilities"], axis=1))
        last = "probabilities"
    elif isinstance(target, Interval):
        ends = {"low": target.low, "high": target.high}
        ends |= {"half": (target.high - target.low) / 2, "middle": (target.high + target.low) / 2}
        weights += [
            numpy_helper.from_array(np.array(value, np.float32), name) for name, value in ends.items()
        ]
        nodes += [
            helper.make_node("Mul", ["margins", "half"], ["scaled"]),
            helper.make_node("Add", ["scaled", "middle"], ["moved"]),
            helper.make_node("Clip", ["moved", "low", "high"], ["numbers"]),
        ]
        last = "numbers"
    results = [helper.make_tensor_value_info("margins", TensorProto.FLOAT, ["m", columns.shape[1]])]
    if last != "margins":
        results.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, ["m", width]))
    graph = helper.make_graph(
        nodes,
        "hotpapers_dpopt",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["m", len(columns)])],
        results,
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="hotpapers")
    made.ir_version = 9
    helper.set_model_props(
        made,
        {
            "features": json.dumps(model.design.names),
            "classes": json.dumps(model.classes),
            "schema": json.dumps(schema_words(model.schema)),
        },
    )
    checker.check_model(made)
    with atomic_path(path) as temporary:
        save_onnx(made, temporary)
