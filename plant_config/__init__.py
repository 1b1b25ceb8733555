"""What the plant is: one TOML file per plant, checked once, frozen, passed on by section."""
