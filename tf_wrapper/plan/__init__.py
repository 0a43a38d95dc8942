"""A plan as terraform writes it (`show -json`), read lazily: what does not change is never decoded."""
