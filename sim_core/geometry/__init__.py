"""Time, ephemerides, orientations, light time and the delay histories made from them."""
