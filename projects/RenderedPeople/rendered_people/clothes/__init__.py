"""What people wear: outfits, cloth, and garments cut to the body."""
