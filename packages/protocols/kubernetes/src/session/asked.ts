import type { Readable } from "node:stream";
import type { KubeOperation } from "@tidewaiter/core";
import { type Exchange, requestLine } from "../accept-client/exchange.ts";
import { readBody } from "../request/read-body.ts";
import type { KubeStatus } from "../status.ts";
import type { KubeContext } from "./context.ts";
import { maskRules } from "./mask-rules.ts";
import { type LabelledOperation, withLabels } from "./object-labels.ts";
import { readWhole } from "./read-whole.ts";

const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** What is asked for, whole: read before it is judged. */
export interface Asked extends LabelledOperation {
  readonly body: Buffer | Readable | undefined;
  /** For the recording and for whoever decides: request line and what is written, without secrets. */
  readonly text: string;
  /** The same with the labels that its object has by now; absent: no rule asks for them. */
  readonly again?: () => Promise<Asked>;
}

/** Labels, name and what is written, where the request has a body. Rejects when the client leaves. */
export async function readAsked(
  exchange: Exchange,
  operation: KubeOperation,
  context: KubeContext,
): Promise<Asked | KubeStatus> {
  const line = requestLine(exchange);
  if (!WRITES.has(exchange.method)) {
    const labelled = await withLabels(operation, {}, context, exchange.signal);
    return { ...labelled, body: undefined, text: line };
  }
  const { "content-length": length, "content-type": contentType } = exchange.headers;
  // what a pod or service is sent by the API server's proxy is no object, and of any length unless somebody has to approve it
  const isProxy = operation.subresource === "proxy";
  if (isProxy && context.session.evaluate(operation).outcome !== "review")
    return { operation, body: exchange.body, text: line };
  const body = await readWhole(exchange.body, length);
  if (isProxy && Buffer.isBuffer(body)) return { operation, body, text: `${line}\n(${body.length} bytes)` };
  if (!Buffer.isBuffer(body)) return body;
  const facts = readBody({ contentType, bytes: body, operation, rules: maskRules(context, undefined) });
  const name = operation.name === "" && operation.verb === "create" ? (facts.name ?? "") : operation.name;
  const isNamespace = operation.group === "" && operation.resource === "namespaces";
  const known = { ...operation, name, ...(isNamespace && { namespace: name }) };
  const labelled = async (): Promise<Asked> => {
    const { operation: named, stored } = await withLabels(known, facts, context, exchange.signal);
    return {
      operation: {
        ...named,
        ...(facts.dryRun !== undefined && { dryRun: facts.dryRun }),
        ...(facts.maskedValue !== undefined && { writesMask: facts.maskedValue }),
        ...(named.launders === undefined && facts.launders !== undefined && { launders: facts.launders }),
        ...(facts.unread !== undefined && { unread: facts.unread }),
      },
      ...(stored !== undefined && { stored, again: labelled }),
      body,
      text: facts.shown === "" ? line : `${line}\n${facts.shown}`,
    };
  };
  return labelled();
}
