"""Google Cloud Storage with one listing per prefix: a Snakemake storage provider."""

from .provider import StorageProvider
from .provider_settings import StorageProviderSettings
from .storage_object import StorageObject

__all__ = ["StorageObject", "StorageProvider", "StorageProviderSettings"]
