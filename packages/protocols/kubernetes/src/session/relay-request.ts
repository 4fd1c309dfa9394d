import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Admission, KubeOperation, Verdict } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { type Exchange, requestLine, respondStatus } from "../accept-client/exchange.ts";
import { KubernetesTargetError } from "../connect-target/upstream.ts";
import { readBody } from "../request/read-body.ts";
import type { BodyMask } from "../response/body-mask.ts";
import { type AnswerPlan, planAnswer } from "../response/plan-answer.ts";
import { failure, type KubeStatus } from "../status.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { admit, finish, type KubeContext } from "./context.ts";
import { toClient, toTarget } from "./headers.ts";
import { hiddenObjects, maskRules, rulesPerObject } from "./mask-rules.ts";
import { type LabelledOperation, withLabels } from "./object-labels.ts";
import { type PassedQuery, passedQuery } from "./passed-query.ts";
import { readWhole } from "./read-whole.ts";
import { refuseUnread } from "./unread.ts";
import { refusalStatus } from "./words.ts";

const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const JSON_TYPE = /^application\/json\b/;

type LetIn = Extract<Admission, { ok: true }>;

/** What is asked for, whole: read before it is judged. */
interface Asked extends LabelledOperation {
  readonly body: Buffer | Readable | undefined;
  /** For the recording and for whoever decides: request line and what is written, without secrets. */
  readonly text: string;
}

/** One plain request: read, judged, passed on, and its answer masked and streamed back. Never rejects. */
export async function relayRequest(exchange: Exchange, operation: KubeOperation, context: KubeContext): Promise<void> {
  try {
    const asked = await read(exchange, operation, context);
    if ("kind" in asked) return refuseUnread(exchange, { context, operation, status: asked });
    const { body, text } = asked;
    const admission = await admit(context, {
      operation: asked.operation,
      text,
      ...(Buffer.isBuffer(body) && { body: { bytes: body, contentType: exchange.headers["content-type"] ?? "" } }),
      ticketOnly: true,
      signal: exchange.signal,
    });
    if (!admission.ok) return respondStatus(exchange, refusalStatus(asked.operation, admission));
    await pass(exchange, asked, { context, admission });
  } catch (error) {
    if (!exchange.signal.aborted) respondStatus(exchange, statusOf(error, context));
  }
}

/** Labels, name and what is written, where the request has a body. Rejects when the client leaves. */
async function read(exchange: Exchange, operation: KubeOperation, context: KubeContext): Promise<Asked | KubeStatus> {
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
  const named = { ...operation, name, ...(isNamespace && { namespace: name }) };
  const labelled = await withLabels(named, facts, context, exchange.signal);
  return {
    ...labelled,
    operation: {
      ...labelled.operation,
      ...(facts.dryRun !== undefined && { dryRun: facts.dryRun }),
      ...(facts.maskedValue !== undefined && { writesMask: facts.maskedValue }),
      ...(labelled.operation.launders === undefined && facts.launders !== undefined && { launders: facts.launders }),
      ...(facts.unread !== undefined && { unread: facts.unread }),
    },
    body,
    text: facts.shown === "" ? line : `${line}\n${facts.shown}`,
  };
}

async function pass(
  exchange: Exchange,
  { operation, body }: Asked,
  { context, admission }: { readonly context: KubeContext; readonly admission: LetIn },
): Promise<void> {
  const { session, target } = context;
  const startedAt = Date.now();
  const meter = session.meter(admission.verdict);
  let [tag, result, bytes]: [string, "completed" | "error" | "canceled", number] = ["failed", "error", 0];
  let mask: BodyMask | undefined;
  try {
    const rules = maskRules(context, admission.verdict);
    const { accept = "" } = exchange.headers;
    const hides = hiddenObjects(context, operation);
    const plan = planAnswer({ operation, accept, rules, hides, rulesFor: rulesPerObject(context, operation) });
    if (!plan.pass && plan.accept === undefined) throw new Refused(NOT_ACCEPTABLE);
    const asked = plan.pass
      ? { ok: true as const, query: exchange.query }
      : passedQuery(exchange.query, operation, hides !== undefined);
    if (!asked.ok) throw new Refused(asked.status);
    const { query, limit }: Extract<PassedQuery, { ok: true }> = asked;
    if (Buffer.isBuffer(body)) session.count("target", body.length);
    const answer = await target.request({
      method: exchange.method,
      path: exchange.path + (query === "" ? "" : `?${query}`),
      headers: { ...toTarget(exchange.headers, !plan.pass), ...askedFor(plan), ...lengthOf(body, exchange) },
      ...(body && { body }),
      ...(operation.subresource === "proxy" && { forwarded: true }),
      signal: AbortSignal.any([exchange.signal, context.signal]),
    });
    tag = String(answer.statusCode ?? 0);
    mask = openMask(plan, answer);
    const writer = new AnswerWriter({
      open: () =>
        exchange.respond(answer.statusCode ?? 502, toClient(answer.headers, mask !== undefined, rules.detectors?.set)),
      mask,
      meter,
      count: (sent) => session.count("client", sent),
      signal: exchange.signal,
      over: context.signal,
      ...(limit !== undefined && { limit }),
    });
    try {
      // who follows something waits for its head; of anything else nothing goes out before it could be read
      if (mask === undefined || mask.flush !== undefined || operation.verb === "watch") writer.begin();
      const runsOn = operation.verb === "watch" || operation.subresource === "log";
      for await (const chunk of answer) {
        if (runsOn && hasAged(context, operation, admission.verdict)) throw new Refused(AGED);
        await writer.write(chunk);
        if (writer.full) break;
      }
      await writer.end();
      if ((answer.statusCode ?? 0) < 400) result = "completed";
    } catch (error) {
      if (!writer.begun) throw error;
      await breakOff(writer, { error, context, answer, watch: operation.verb === "watch" });
    } finally {
      bytes = writer.bytes;
      answer.destroy();
    }
  } catch (error) {
    if (error instanceof Refused) tag = String(error.status.code);
    if (meter.exceeded !== undefined) throw new Refused(spent(meter.exceeded.ruleId));
    throw error;
  } finally {
    meter.end();
    if (exchange.signal.aborted) result = "canceled";
    finish(context, admission.operation, { result, tag, bytes, startedAt, masked: mask?.masked ?? [] });
  }
}

function lengthOf(body: Asked["body"], { headers }: Exchange): OutgoingHttpHeaders {
  if (Buffer.isBuffer(body)) return { "content-length": body.length };
  const { "content-length": length } = headers;
  return body === undefined || length === undefined ? {} : { "content-length": length };
}

function askedFor(plan: AnswerPlan): OutgoingHttpHeaders {
  return plan.pass ? {} : { accept: plan.accept, "accept-encoding": "identity" };
}

function openMask(plan: AnswerPlan, answer: IncomingMessage): BodyMask | undefined {
  if (plan.pass) return undefined;
  const { "content-type": type = "", "content-encoding": encoding } = answer.headers;
  try {
    return plan.open(type, answer.statusCode ?? 0, encoding);
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

/** An answer that has begun and cannot go on must not look whole; who watches is told why. */
async function breakOff(
  writer: AnswerWriter,
  end: {
    readonly error: unknown;
    readonly context: KubeContext;
    readonly answer: IncomingMessage;
    readonly watch: boolean;
  },
): Promise<void> {
  const { error, context, answer, watch } = end;
  if (!watch || !JSON_TYPE.test(answer.headers["content-type"] ?? "")) return writer.cut();
  const object = context.signal.aborted
    ? failure("Unauthorized", `the session has ended: ${await context.interrupted}`)
    : statusOf(error, context);
  writer.endWith(`${JSON.stringify({ type: "ERROR", object })}\n`);
}

/** Let in, and refused all the same. */
class Refused extends Error {
  override readonly name = "Refused";
  readonly status: KubeStatus;

  constructor(status: KubeStatus) {
    super(status.message);
    this.status = status;
  }
}

/** What goes on is judged by the policy and the groups of now; clients of a watch list again, and see what they may. */
function hasAged({ session }: KubeContext, operation: KubeOperation, verdict: Verdict): boolean {
  const now = session.evaluate(operation);
  if (now.policyVersion !== verdict.policyVersion || now.outcome === "deny") return true;
  return JSON.stringify(now.masks) !== JSON.stringify(verdict.masks);
}

const AGED = failure("Expired", "the policy or your groups have changed: ask again");

const NOT_ACCEPTABLE = failure(
  "NotAcceptable",
  "what is masked here is answered as JSON alone: ask for application/json",
);

function spent(ruleId: string): KubeStatus {
  return failure("Forbidden", `the budget of bytes is spent [${ruleId}]`);
}

function statusOf(error: unknown, { resource, signal }: KubeContext): KubeStatus {
  if (signal.aborted) return failure("Unauthorized", "the session has ended");
  if (error instanceof Refused) return error.status;
  if (error instanceof KubernetesTargetError) {
    // of what is 503 client-go says nothing but that it is
    return failure(error.code === "identity" ? "Forbidden" : "BadGateway", error.message);
  }
  if (error instanceof TidewaiterError) return failure("BadGateway", `${resource}: ${error.detail}`);
  return failure("InternalError", `the request for ${resource} failed in the gateway`);
}
