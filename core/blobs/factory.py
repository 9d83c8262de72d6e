"""The blob store that the settings name."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.blobs.folder import FolderBlobStore
from core.blobs.protocol import BlobStore
from core.blobs.s3 import S3BlobStore
from core.errors import InvalidInput
from core.settings import Settings


def open_blobs(settings: Settings) -> BlobStore:
    reserve = settings.min_free_disk_mb * 2**20
    if settings.blob_url is None:
        return FolderBlobStore(settings.data_dir / "blobs", reserve)
    url = urlsplit(settings.blob_url)
    if url.scheme == "file":
        return FolderBlobStore(Path(unquote(url.path)), reserve)
    if url.scheme == "s3" and url.netloc:
        return S3BlobStore(url.netloc, url.path, settings.s3_endpoint_url)
    raise InvalidInput("INSYDR_BLOB_URL must be file:///folder or s3://bucket/prefix.", code="INVALID_SETTING")
