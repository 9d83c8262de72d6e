"""Names of jobs as they stand in the outbox; `pipelines` has an actor for each (a test asserts it)."""

INGEST_WAKE = "ingest.wake"
RETIRE_VERSIONS = "documents.retire_versions"
PURGE_DOCUMENT = "documents.purge"
PURGE_COLLECTION = "collections.purge"
PURGE_WORKSPACE = "workspaces.purge"
ABANDON_VERSION = "documents.abandon_version"
DROP_BLOBS = "blobs.drop"
RECONCILE = "index.reconcile"
CRAWL = "sites.crawl"
ALL = (
    INGEST_WAKE, RETIRE_VERSIONS, ABANDON_VERSION, PURGE_DOCUMENT, PURGE_COLLECTION, PURGE_WORKSPACE, DROP_BLOBS,
    RECONCILE, CRAWL,
)  # fmt: skip
