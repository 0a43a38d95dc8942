"""The modes of observing a command: plan, apply, native; and the rules that choose between them."""
