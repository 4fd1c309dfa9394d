export {
  createSecretStores,
  readSecretStoreSettings,
  type SecretStoreSettings,
  type SecretStores,
} from "./create-secret-stores.ts";
export { parseSecretReference, type SecretReference } from "./secret-reference.ts";
export { SecretResolver } from "./secret-resolver.ts";
export type { ResolvedSecret, SecretLease, SecretStore } from "./secret-store.ts";
export { createEnvStore } from "./stores/env-store.ts";
export { createFileStore } from "./stores/file-store.ts";
export type { WrappingKey } from "./wrapping-keys/wrapping-key.ts";
