"""The files that a module starts from: domain.json and module.toml (files)."""
