"""Ready-made models for estimators: their heads, their networks, and how they are trained."""
