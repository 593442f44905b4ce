"""The command line: `thresign`. Each command has its file; `main` is the table."""
