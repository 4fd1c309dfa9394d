import { readFile } from "node:fs/promises";
import {
  createSecretStores,
  readSecretStoreSettings,
  type SecretStore,
  type WrappingKey,
} from "@tidewaiter/secret-stores";
import type { ServerOptions } from "./options.ts";

/** What the command line says about secrets that are kept elsewhere. */
export async function openSecretStores(
  options: Pick<ServerOptions, "secretEnv" | "secretDirs" | "secretStores" | "masterKeyWrap">,
  readVariable: (name: string) => string | undefined,
): Promise<{ readonly secretStores: readonly SecretStore[]; readonly masterKeyWrapping?: WrappingKey }> {
  const { secretEnv, secretDirs, secretStores: file, masterKeyWrap } = options;
  const settings = readSecretStoreSettings(file === undefined ? "" : await readFile(file, "utf8"));
  const both = {
    ...settings,
    env: [...(settings.env ?? []), ...secretEnv],
    file: [...(settings.file ?? []), ...secretDirs],
  };
  const made = createSecretStores(both, { readVariable, now: Date.now });
  return {
    secretStores: made.stores,
    ...(masterKeyWrap !== undefined && { masterKeyWrapping: made.wrappingKey(masterKeyWrap) }),
  };
}
