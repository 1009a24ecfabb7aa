"""Cloud Storage: fake-gcs-server, behind a proxy that counts and that does harm on demand."""
