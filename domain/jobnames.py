"""Names of jobs as they stand in the outbox; `pipelines` has an actor for each (a test asserts it)."""

INGEST_WAKE = "ingest.wake"
RETIRE_VERSIONS = "documents.retire_versions"
PURGE_DOCUMENT = "documents.purge"
PURGE_COLLECTION = "collections.purge"
PURGE_WORKSPACE = "workspaces.purge"
ALL = (INGEST_WAKE, RETIRE_VERSIONS, PURGE_DOCUMENT, PURGE_COLLECTION, PURGE_WORKSPACE)
