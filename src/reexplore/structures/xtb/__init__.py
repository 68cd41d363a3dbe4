"""Energy surfaces of GFN2-xTB and what is done on them: relaxation and vibrations."""
