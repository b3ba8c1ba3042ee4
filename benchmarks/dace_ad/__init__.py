"""Programs for DaCe: the text of `programs/` with types, the result written into an array `result` of one element."""
