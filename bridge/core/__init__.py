"""The pure domain: identifiers, messages, states, capabilities and the ports adapters fill. Standard library only."""
