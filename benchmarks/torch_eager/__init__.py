"""The programs in PyTorch, where one would write them in PyTorch."""
