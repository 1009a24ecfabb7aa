"""Read populations: their locations, age groups and contacts."""
