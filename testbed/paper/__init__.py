"""The paper's tables and figures, computed anew and set beside the published values."""
