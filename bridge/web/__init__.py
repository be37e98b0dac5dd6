"""The program's own web server: webhooks, health, metrics."""
