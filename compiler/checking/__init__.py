"""Names and types: from a syntax tree and a catalogue to a plan that is right."""
