"""From samples and delay histories to an image and the measures of its quality."""
