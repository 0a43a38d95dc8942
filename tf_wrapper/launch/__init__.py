"""Before terraform starts: its binary, its command line, its working directory and environment."""
