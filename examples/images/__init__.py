"""Images: reading single digits, and finding digits in scenes."""
