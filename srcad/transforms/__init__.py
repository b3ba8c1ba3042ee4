"""One pass a file; each takes a program and gives a new one."""
