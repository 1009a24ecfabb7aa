"""Store Snakemake's files in Google Cloud Storage, with one listing for each prefix."""

from .provider import StorageProvider
from .provider_settings import StorageProviderSettings
from .storage_object import StorageObject

__all__ = ["StorageObject", "StorageProvider", "StorageProviderSettings"]
