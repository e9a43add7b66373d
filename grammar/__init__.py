"""The grammar of the `.wf` language, of which Lark makes tables."""
