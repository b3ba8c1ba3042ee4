"""Functions that the literature tests optimisers and derivatives with, restated from their sources."""
