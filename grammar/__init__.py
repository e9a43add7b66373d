"""The grammar of the `.wf` language, as Lark reads it."""
