import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import ssh2 from "ssh2";
import { expect, it } from "vitest";
import { sshTargetSchema } from "../target-schema.ts";
import { connectTarget } from "./connect-target.ts";

it("is over when the host has closed its half, also where a stream keeps the other open, as a tunnel does", async () => {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
  const host = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connection.on("error", () => {});
    connection.on("authentication", (context) => context.accept());
    // the command is never answered
    connection.on("session", (accept) =>
      accept().on("exec", () => (connection as unknown as { readonly _sock: Socket })._sock.end()),
    );
  });
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  try {
    const { port } = host.address() as AddressInfo;
    const stream = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const [type = "", key = ""] = publicKey.split(" ");
    const target = sshTargetSchema.parse({ host: "127.0.0.1", port, hostKeys: [`${type} ${key}`] });
    const credential = { type: "password", username: "deploy", password: "-" } as const;
    const { client } = await connectTarget({ stream, target, credential, resource: "web-1" });
    const closed = once(client, "close");
    client.exec("reboot", () => {});
    await closed;
    expect(stream.destroyed).toBe(true);
  } finally {
    host.close();
  }
});
