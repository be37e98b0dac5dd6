"""The gateways that there are presets for."""
