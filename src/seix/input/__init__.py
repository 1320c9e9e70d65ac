"""Parts of reading a scenario: field types, SEI structures, the located YAML tree, messages, JSON Schema."""
