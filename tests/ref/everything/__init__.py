"""Every measure of `saetop eval`, by transformers, SAELens, scikit-learn and numpy."""
