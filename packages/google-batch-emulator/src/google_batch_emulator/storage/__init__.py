"""Emulate Cloud Storage: fake-gcs-server, behind a proxy that counts requests and adds faults."""
