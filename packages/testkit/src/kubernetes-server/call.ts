import { request } from "node:https";

export interface KubernetesAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Of the body; undefined when it is none. */
  readonly json: unknown;
}

export interface CallOptions {
  /** JSON, or text and bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default the admin's. Null sends none. */
  readonly token?: string | null;
}

/** e.g. `call("GET", "/api/v1/namespaces")`. Resolves to every answer, whatever its status. */
export type KubernetesCall = (method: string, path: string, options?: CallOptions) => Promise<KubernetesAnswer>;

export function createCall(server: { port: number; caPem: string; token: string }): KubernetesCall {
  return (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const token = options.token === undefined ? server.token : options.token;
      const { body } = options;
      const asItIs = body === undefined || typeof body === "string" || body instanceof Uint8Array;
      const headers = {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...options.headers,
      };
      const target = { host: "127.0.0.1", port: server.port, ca: server.caPem, agent: false as const };
      const asked = request({ ...target, method, path, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.once("error", reject);
        answer.once("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: jsonOrUndefined(text) });
        });
      });
      asked.once("error", reject);
      asked.end(asItIs ? body : JSON.stringify(body));
    });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
