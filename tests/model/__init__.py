"""The formal model of agree-then-release (docs/spec/model), checked by TLC: `make model`."""
