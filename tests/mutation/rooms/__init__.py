"""Mutations by what they break: a module for some passes that belong together."""
