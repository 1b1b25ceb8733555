"""Rules that watch over what cameras give: pure, fed with one frame after the other."""
