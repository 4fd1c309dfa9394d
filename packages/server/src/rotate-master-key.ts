import { createControlPlane, createFileBlobStore } from "@tidewaiter/control-plane";
import type { installationPaths } from "./installation.ts";
import type { openSecretStores } from "./open-secret-stores.ts";
import { storeSettings } from "./run-server.ts";

/** Wraps every data key with a new master key. Safe beside a running server, which reads the key file again. */
export async function rotateMasterKey(
  paths: ReturnType<typeof installationPaths>,
  storeUrl: string | undefined,
  secrets: Awaited<ReturnType<typeof openSecretStores>>,
) {
  const controlPlane = await createControlPlane({
    store: storeSettings(storeUrl, paths.store),
    masterKeyFile: paths.masterKey,
    ...secrets,
    sendNotifications: false,
    blobs: await createFileBlobStore(paths.recordings),
    protocols: {},
    endpoints: () => {
      throw new Error("nothing listens while the master key is rotated");
    },
  });
  try {
    return await controlPlane.rotateMasterKey();
  } finally {
    await controlPlane.close();
  }
}
