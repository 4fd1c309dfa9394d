import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, TLSSocket } from "node:tls";
import { certificateAuthority } from "@tidewaiter/testkit";
import { encodeBackend } from "../src/encode-backend.ts";
import { encodeStartup } from "../src/encode-startup.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";

const OFFER = encodeBackend({
  name: "Authentication",
  request: "sasl",
  mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
});
const WEAKER_OFFER = encodeBackend({ name: "Authentication", request: "sasl", mechanisms: ["SCRAM-SHA-256"] });

/**
 * Sits between a client that does not verify certificates and a real server, as an attacker would: TLS with a
 * certificate of its own to the client, TLS to the server, and, if asked, no offer of channel binding.
 */
export async function tlsInterceptor(port: number, removeBinding: boolean) {
  const authority = await certificateAuthority("attacker");
  const { certPem, keyPem } = await authority.issue({ commonName: "localhost", names: ["localhost"], usage: "server" });
  const secureContext = createSecureContext({ cert: certPem, key: keyPem });
  const server = createServer(async (client) => {
    const near = await acceptTls(client, secureContext);
    const far = await openTls(port);
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    near.pipe(far);
    far.on("data", (chunk: Buffer) => near.write(removeBinding && chunk.equals(OFFER) ? WEAKER_OFFER : chunk));
    far.on("end", () => near.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function acceptTls(client: Socket, secureContext: ReturnType<typeof createSecureContext>): Promise<TLSSocket> {
  await new HandshakeReader(client, AbortSignal.timeout(5_000)).read(8);
  client.write("S");
  return new TLSSocket(client, { isServer: true, secureContext });
}

async function openTls(port: number): Promise<TLSSocket> {
  const upstream = connectTcp({ host: "127.0.0.1", port });
  upstream.write(encodeStartup({ name: "SSLRequest" }));
  await new HandshakeReader(upstream, AbortSignal.timeout(5_000)).read(1);
  const socket = connectTls({ socket: upstream, rejectUnauthorized: false });
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  return socket;
}
