"""How a message's files become what is sent: sandboxed Jinja, MJML compiled once, plain text beside HTML."""
