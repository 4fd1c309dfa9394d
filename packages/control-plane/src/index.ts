export type { BlobStore } from "./blobs/index.ts";
export { createFileBlobStore } from "./blobs/index.ts";
export { createControlPlane, type RunningControlPlane } from "./create-control-plane.ts";
export type { ControlPlaneDeps, Endpoints, Finding } from "./deps.ts";
export type { AuthenticatedIdentity, IdentityProvider } from "./features/login/identity.ts";
export type { ToOperations } from "./features/policies/service.ts";
export type { TargetSchemas } from "./features/resources/target.ts";
export type { ControlPlaneStore, StoreSettings } from "./storage/open-store.ts";
