"""The modes of observing a command (plan, apply, native, state command), and the rules that choose one."""
