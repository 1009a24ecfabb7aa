"""The experiment format: one pydantic model for each section."""
