"""Read the settings of Google Cloud, and call its services."""
