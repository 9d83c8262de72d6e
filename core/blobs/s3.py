"""Blobs on S3-compatible storage (extra `s3`)."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InvalidInput, NotFound, Unavailable

_BLOCK_BYTES = 1 << 20


class S3BlobStore:
    """Objects under `prefix` of one bucket. Credentials come from the usual AWS variables."""

    def __init__(self, bucket: str, prefix: str, endpoint_url: str | None) -> None:
        try:
            import boto3
            from botocore import exceptions
        except ImportError:
            raise InvalidInput("INSYDR_BLOB_URL is s3://: install the extra with `pip install insydr[s3]`.") from None
        self._errors = (exceptions.BotoCoreError, exceptions.ClientError)
        self._missing = exceptions.ClientError
        self._bucket, self._prefix = bucket, prefix.strip("/")
        self._client: Any = boto3.client("s3", endpoint_url=endpoint_url)

    def put(self, key: str, source: BinaryIO) -> int:
        start = source.tell()
        with self._translated():  # one request takes at most 5 GiB, more than an upload may have
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=source)
        source.seek(0, 2)
        return source.tell() - start

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        return b"".join(self.stream(key, start, length))

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            return iter(())
        span = {} if start == 0 and length is None else {"Range": _range(start, length)}
        with self._translated():
            body = self._client.get_object(Bucket=self._bucket, Key=self._name(key), **span)["Body"]
        return self._blocks(body)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with tempfile.NamedTemporaryFile(prefix="insydr-") as file:
            with self._translated():
                self._client.download_fileobj(self._bucket, self._name(key), file)
            file.flush()
            yield Path(file.name)

    def delete(self, key: str) -> None:
        with self._translated():
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated():
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._name(prefix)):
                for item in page.get("Contents", []):
                    yield item["Key"].removeprefix(f"{self._prefix}/" if self._prefix else "")

    def tidy(self, older_than_s: float) -> None:
        """An object is stored whole or not at all: there is nothing to remove."""

    def check(self) -> str:
        try:
            with self._translated():
                self._client.head_bucket(Bucket=self._bucket)
        except NotFound:  # a bucket's 404 looks like an object's
            raise Unavailable(f"There is no bucket {self._bucket}: create it, or set INSYDR_BLOB_URL.") from None
        return f"s3 bucket {self._bucket}"

    def _blocks(self, body: Any) -> Iterator[bytes]:
        with closing(body), self._translated():
            yield from body.iter_chunks(_BLOCK_BYTES)

    def _name(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code in ("NoSuchKey", "404"):
                raise NotFound("The original file is not stored any more.", code="ORIGINAL_GONE") from None
            raise Unavailable(f"The blob store does not answer ({code or type(error).__name__}). Try again.") from error


def _range(start: int, length: int | None) -> str:
    return f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
