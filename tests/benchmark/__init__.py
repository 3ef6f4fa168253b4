"""The benchmark's own parts, without a clock."""
