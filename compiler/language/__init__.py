"""The `.wf` language: text to syntax tree, mistakes in words, and the canonical layout."""
