"""The shape of a generated server, as Jinja2 templates read top to bottom."""
