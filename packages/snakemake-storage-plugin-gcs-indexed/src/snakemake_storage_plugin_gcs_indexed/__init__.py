"""Google Cloud Storage with one listing per prefix: a Snakemake storage provider."""

from .provider import StorageProvider
from .settings import StorageProviderSettings
from .storage_object import StorageObject

__all__ = ["StorageObject", "StorageProvider", "StorageProviderSettings"]
