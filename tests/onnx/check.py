"""What ONNX's own library says of the files of a folder:  check.py DIR

Each is checked against the specification, its shapes are inferred, and it is run by the library's reference
implementation where there is one (since ONNX 1.13).
"""

import pathlib
import sys

import numpy
import onnx
import onnx.checker
import onnx.numpy_helper
import onnx.shape_inference

try:
    from onnx.reference import ReferenceEvaluator
except ImportError:
    ReferenceEvaluator = None

TOLERANCE = 1e-5


def shape_of(value):
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    values = {value.name: shape_of(value) for value in [*inferred.input, *inferred.output, *inferred.value_info]}
    for node in inferred.node if not path.stem.startswith("own") else []:
        for name in node.output if node.op_type != "Constant" else []:
            assert values[name][0] == "N", f"{name}: expected [N, ...], inferred {values.get(name)}"
    assert values["input"] == ["N", 784], values["input"]
    assert values["output"] == ["N", 10], values["output"]
    assert model.producer_name == "nib"
    operators = ", ".join(node.op_type for node in model.graph.node)
    tensors = sum(onnx.numpy_helper.to_array(tensor).size for tensor in model.graph.initializer)
    print(f"ok: {path.name}: IR {model.ir_version}, opset {model.opset_import[0].version}, {tensors} numbers: {operators}")


def run(path):
    model = ReferenceEvaluator(str(path))
    dtype = "<f8" if path.stem.endswith("double") else "<f4"
    pixels = numpy.fromfile(path.with_suffix(".input"), dtype).reshape(-1, 784)
    expected = numpy.fromfile(path.with_suffix(".output"), dtype).reshape(-1, 10)
    difference = numpy.abs(model.run(None, {"input": pixels})[0] - expected).max()
    assert difference <= TOLERANCE, f"{path.name}: outputs differ from nib's by {difference}"
    print(f"ok: {path.name}: the reference implementation's outputs differ from nib's by at most {difference:.2e}")


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    assert paths, "no networks"
    for path in paths:
        check(path)
        if ReferenceEvaluator is not None:
            run(path)
    print(f"onnx {onnx.__version__}: {len(paths)} networks")
    if ReferenceEvaluator is None:
        print(f"(onnx {onnx.__version__} has no reference implementation to run them)")


main()
