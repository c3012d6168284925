"""The commands of `hotpapers dpopt`: each parses, calls, prints; heavy imports stand within."""
