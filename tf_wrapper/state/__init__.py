"""State documents, and the changes between two of them."""
