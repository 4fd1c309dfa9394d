import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Route } from "./site.ts";

export const ACCEPT = {
  json: "application/json",
  table: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
  protobuf: "application/vnd.kubernetes.protobuf,application/json",
} as const;

export interface Ask {
  readonly accept?: keyof typeof ACCEPT;
  readonly method?: string;
  readonly body?: string;
  readonly contentType?: string;
}

/** Resolves with the answer's head. Any status but 2xx rejects. */
export function ask(route: Route, path: string, { accept = "json", method = "GET", body, contentType }: Ask = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      accept: ACCEPT[accept],
      authorization: `Bearer ${route.token}`,
      ...(body !== undefined && { "content-type": contentType ?? "application/json", "content-length": body.length }),
    };
    const { agent, port } = route;
    const asked = request({ agent, host: "127.0.0.1", port, method, path, headers }, (answer) => {
      if ((answer.statusCode ?? 0) < 300) return resolve(answer);
      answer.resume();
      reject(new Error(`${method} ${path} by ${route.name}: ${answer.statusCode}`));
    });
    asked.once("error", reject);
    asked.end(body);
  });
}

/** Bytes of the whole answer, which is thrown away. */
export async function bytesOf(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  return bytes;
}
