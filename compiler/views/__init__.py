"""The plan for people: in words, as a flowchart and as a picture."""
