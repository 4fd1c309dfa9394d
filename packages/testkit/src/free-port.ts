import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Another process may take it before you listen: prefer port 0
 * where the server can tell you its port, otherwise retry with the next one.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
