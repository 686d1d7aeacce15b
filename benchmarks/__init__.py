"""What the README's figures come from: the shipped process under load, with stub providers of known delays.

`python -m benchmarks --help` says what can be measured.
"""
