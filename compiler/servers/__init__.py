"""What is known of MCP servers: their configurations, the lock, and the live ones asked for it."""
