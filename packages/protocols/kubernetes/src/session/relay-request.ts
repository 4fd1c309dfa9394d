import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Admission, KubeOperation, Verdict } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { type Exchange, respondStatus } from "../accept-client/exchange.ts";
import { KubernetesTargetError } from "../connect-target/upstream.ts";
import { boundRequest } from "../request/bound-request.ts";
import type { BodyMask } from "../response/body-mask.ts";
import { type AnswerPlan, mayQuote, planAnswer } from "../response/plan-answer.ts";
import { failure, type KubeStatus } from "../status.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { type Asked, readAsked } from "./asked.ts";
import { type AdmitInput, admit, finish, type KubeContext } from "./context.ts";
import { toClient, toTarget } from "./headers.ts";
import { hiddenObjects, maskRules, rulesPerObject } from "./mask-rules.ts";
import { type PassedQuery, passedQuery } from "./passed-query.ts";
import { refuseUnread } from "./unread.ts";
import { conflictStatus, refusalStatus } from "./words.ts";

const CONFLICT = 409;
const JSON_TYPE = /^application\/json\b/;

type LetIn = Extract<Admission, { ok: true }>;

/** How often a write is judged whose object was changed meanwhile by somebody else; the API server's own number for a patch. */
const MAX_TRIES = 5;

/** One plain request: read, judged, passed on, and its answer masked and streamed back. Never rejects. */
export async function relayRequest(exchange: Exchange, operation: KubeOperation, context: KubeContext): Promise<void> {
  try {
    let asked: Asked | KubeStatus | undefined = await readAsked(exchange, operation, context);
    if ("kind" in asked) return refuseUnread(exchange, { context, operation, status: asked });
    let approved: AdmitInput["approved"];
    for (let tries = 1; asked !== undefined; tries++) {
      const { body, text }: Asked = asked;
      const admission: Admission = await admit(context, {
        operation: asked.operation,
        text,
        ...(Buffer.isBuffer(body) && { body: { bytes: body, contentType: exchange.headers["content-type"] ?? "" } }),
        ticketOnly: true,
        ...(approved !== undefined && { approved }),
        signal: exchange.signal,
      });
      if (!admission.ok) return respondStatus(exchange, refusalStatus(asked.operation, admission));
      const { approval, verdict } = admission;
      if (approval !== undefined) approved = { ...approval, ruleId: verdict.ruleId ?? "" };
      asked = await pass(exchange, asked, { context, admission, isLast: tries === MAX_TRIES });
    }
  } catch (error) {
    if (!exchange.signal.aborted) respondStatus(exchange, statusOf(error, context));
  }
}

/** What is sent: the body as it came, or bound to the version of its object by whose labels it was judged. */
function bodyOf({ body, operation, stored }: Asked, { headers, query }: Exchange): Pick<Asked, "body"> & OutgoingBody {
  const { "content-type": contentType = "", "content-length": length } = headers;
  const version = stored?.version;
  const isWhole = Buffer.isBuffer(body);
  const bound = isWhole && version ? boundRequest({ operation, body, contentType, query, version }) : undefined;
  if (bound?.ok === false) throw new Refused(conflictStatus(operation));
  if (bound !== undefined)
    return { body: bound.body, headers: { "content-type": bound.contentType, "content-length": bound.body.length } };
  const known = isWhole ? body.length : body === undefined ? undefined : length;
  return { body, headers: known === undefined ? {} : { "content-length": known } };
}

interface OutgoingBody {
  readonly headers: OutgoingHttpHeaders;
}

/** Resolves with the request as it has to be judged anew, where its object was changed before it came there. */
async function pass(
  exchange: Exchange,
  asked: Asked,
  {
    context,
    admission,
    isLast,
  }: { readonly context: KubeContext; readonly admission: LetIn; readonly isLast: boolean },
): Promise<Asked | undefined> {
  const { operation } = asked;
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
    const passed: PassedQuery = plan.pass
      ? { ok: true, query: exchange.query }
      : passedQuery(exchange.query, operation, hides !== undefined);
    if (!passed.ok) throw new Refused(passed.status);
    const { query, limit } = passed;
    const { body, headers } = bodyOf(asked, exchange);
    if (Buffer.isBuffer(body)) session.count("target", body.length);
    const answer = await target.request({
      method: exchange.method,
      path: exchange.path + (query === "" ? "" : `?${query}`),
      headers: { ...toTarget(exchange.headers, !plan.pass), ...askedFor(plan), ...headers },
      ...(body && { body }),
      ...(operation.subresource === "proxy" && { forwarded: true }),
      signal: AbortSignal.any([exchange.signal, context.signal]),
    });
    tag = String(answer.statusCode ?? 0);
    if (answer.statusCode === CONFLICT && !isLast && asked.again !== undefined) {
      const now = await asked.again();
      if (now.stored?.version?.resourceVersion !== asked.stored?.version?.resourceVersion) {
        answer.destroy();
        return now;
      }
    }
    mask = openMask(plan, answer);
    const writer = new AnswerWriter({
      open: () =>
        exchange.respond(
          answer.statusCode ?? 502,
          toClient(answer.headers, {
            changed: mask !== undefined,
            detectors: rules.detectors?.set,
            quotes: mayQuote(operation, rules),
          }),
        ),
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
  return undefined;
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
