/** A control plane as a process of its own on a given SQLite file: for tests that kill it. */
import { createEnvStore } from "@tidewaiter/secret-stores";
import { createFileBlobStore } from "../src/blobs/index.ts";
import { createControlPlane } from "../src/create-control-plane.ts";

const [directory = "", laterMs = "0"] = process.argv.slice(2);
const endpoint = { host: "127.0.0.1", port: 6432, tls: true };

await createControlPlane({
  store: { type: "sqlite", file: `${directory}/store.db`, busyTimeoutMs: 10_000 },
  masterKeyFile: `${directory}/master.key`,
  blobs: await createFileBlobStore(`${directory}/blobs`),
  protocols: {},
  endpoints: () => ({ postgres: endpoint, web: "http://127.0.0.1:8080", gatewayId: "gw", tunnelUrls: [] }),
  secretStores: [createEnvStore(["SECRET"], () => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
  notificationNetworks: ["127.0.0.0/8"],
  now: () => Date.now() + Number(laterMs),
});
console.log("ready");
setInterval(() => {}, 60_000);
