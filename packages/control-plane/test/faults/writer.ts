import { join } from "node:path";
import { argv, stdout } from "node:process";
import { createFileBlobStore } from "../../src/blobs/index.ts";
import { createControlPlane } from "../../src/create-control-plane.ts";

/** A process to be killed: appends audit events and names each one after it was acknowledged. */
const directory = argv[2] ?? "";
const { port, bootstrapAdmin } = await createControlPlane({
  store: { type: "sqlite", file: join(directory, "store.db") },
  masterKeyFile: join(directory, "master.key"),
  blobs: await createFileBlobStore(join(directory, "blobs")),
  protocols: {},
  endpoints: () => ({ postgres: { host: "", port: 0, tls: true }, web: "", gatewayId: "gw", tunnelUrls: [] }),
});
await bootstrapAdmin({ name: "root", password: "a-long-enough-password" });
const round = argv[3] ?? "0";
for (let number = 0; ; number += 4) {
  const names = [0, 1, 2, 3].map((offset) => `${round}-${number + offset}`);
  await Promise.all(
    names.map(async (name) => {
      await port.appendAudit({ type: "test.written", data: { name } });
      stdout.write(`${name}\n`);
    }),
  );
}
