"""The version of Driftless, where functions and CLI can both read it; pyproject.toml says the same, a test holds it."""

VERSION = "0.1.0"
