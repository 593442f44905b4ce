"""Who asks: the signature profile by which callers sign their requests."""
