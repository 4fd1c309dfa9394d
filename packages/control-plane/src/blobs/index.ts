export { type BlobStore, checkBlobKey, segmentKey, segmentPrefix } from "./blob-store.ts";
export { createFileBlobStore } from "./file-blob-store.ts";
export { primitives } from "./primitives.ts";
