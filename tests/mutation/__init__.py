"""The tests tested: the compiler is broken in many small ways, and each must be noticed."""
