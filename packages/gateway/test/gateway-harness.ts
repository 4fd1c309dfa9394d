import { createHash, randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import type {
  AuditEventInput,
  AuthorizedSession,
  ControlPlane,
  Principal,
  Protocol,
  ReachableResources,
  Review,
  ReviewDecision,
  ReviewRequest,
  SessionEvent,
  SessionHost,
  TargetCredential,
} from "@tidewaiter/core";
import { newShortId } from "@tidewaiter/core";
import type { ListenerTls } from "@tidewaiter/postgres/accept-client/options";
import { makeVerifier } from "@tidewaiter/postgres/scram/keys";
import { createPostgresProtocol } from "@tidewaiter/postgres/serve";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { createClassifierWorker, needsWorker } from "@tidewaiter/toolkit/sql/classify-in-worker";
import { BudgetLedger } from "../src/sessions/budget-ledger.ts";
import { GatewaySession } from "../src/sessions/gateway-session.ts";
import { LabelDecisions } from "../src/sessions/label-decisions.ts";
import { PolicyInForce } from "../src/sessions/policy-in-force.ts";
import { ReviewDesk } from "../src/sessions/review-desk.ts";
import { KeptBindings } from "./kept-bindings.ts";
import { memoryBudgets } from "./memory-budgets.ts";

export interface HarnessOptions {
  /** On 127.0.0.1. Asked at each dial, so that a test can lead the name elsewhere. */
  readonly target: { readonly port: number };
  /** Label bindings from another harness: the same control plane. */
  readonly bindings?: KeptBindings;
  readonly database: string;
  readonly policies: readonly { readonly name: string; readonly source: string }[];
  readonly principals: readonly Principal[];
  readonly targetUser?: string;
  /** `target.lineage`; default: labels follow by names. */
  readonly lineage?: { readonly from: "names" | "view" | "server"; readonly log?: string; readonly missing?: "end" };
  /** In place of PostgreSQL. */
  readonly other?: {
    /** Default `web-1`. */
    readonly resource?: string;
    readonly protocol: Protocol<never, Duplex>;
    readonly target: unknown;
    readonly credential: TargetCredential;
  };
  /** What the menu of SSH lists; default: the one resource that there is. */
  readonly reachable?: ReachableResources["resources"];
  /** Of the listener; its domain is `gw.example`. */
  readonly tls?: ListenerTls;
}

export interface Harness extends AsyncDisposable {
  readonly port: number;
  /** The same for every principal. */
  readonly secret: string;
  /** Everything recorded, in order of acceptance. */
  readonly events: SessionEvent[];
  readonly audit: AuditEventInput[];
  readonly reviews: Map<string, Review & { readonly request: ReviewRequest }>;
  /** Resolves with the next review that is opened. */
  nextReview(): Promise<string>;
  decide(reviewId: string, decision: ReviewDecision["decision"], reviewer: string, comment: string): Promise<void>;
  /** Nobody decided in time. */
  expire(reviewId: string): Promise<void>;
  readonly sessions: Set<GatewaySession>;
  readonly budgets: BudgetLedger;
  /** What is spent of a rule's counter, leases included. */
  readonly spent: (ruleId: string, counter: string) => number;
  readonly bindings: KeptBindings;
  /** What an administrator or another gateway changes. */
  readonly labelDecisions: LabelDecisions;
  /** Policy of now on. */
  setPolicies(policies: HarnessOptions["policies"]): Promise<void>;
}

/**
 * The gateway's own parts around a real PostgreSQL server, with doubles of the control plane (in memory), of the agent
 * (a direct dial) and of the recorder (an array). For tests of the data path; the whole product has its own tests.
 */
export async function startHarness(options: HarnessOptions): Promise<Harness> {
  const secret = randomBytes(20).toString("hex");
  const salt = randomBytes(16);
  const verifier = await makeVerifier(secret, salt, 4096);
  const audit: AuditEventInput[] = [];
  const bindings = options.bindings ?? new KeptBindings();
  const labelDecisions = new LabelDecisions();
  const events: SessionEvent[] = [];
  const reviews: Harness["reviews"] = new Map();
  const awaiting: ((id: string) => void)[] = [];
  const spending = memoryBudgets();
  let bundle = { version: 1, documents: options.policies };
  const byName = new Map(options.principals.map((principal) => [principal.name, principal]));
  const resourceName = options.other === undefined ? "prod-db" : (options.other.resource ?? "web-1");
  const controlPlane: Pick<
    ControlPlane,
    | "lookupVerifiers"
    | "reachableResources"
    | "authenticate"
    | "appendAudit"
    | "getPolicy"
    | "requestReview"
    | "getReview"
    | "consumeReview"
    | "withdrawReview"
    | "reserveBudget"
    | "returnBudget"
    | "openCredential"
    | "endSession"
    | "labelBindings"
    | "saveLabelBindings"
  > = {
    labelBindings: async (place, revision) => bindings.read(place, revision),
    saveLabelBindings: async (save) => bindings.save(save),
    reserveBudget: (request) => spending.reserveBudget(request),
    returnBudget: (returns) => spending.returnBudget(returns),
    reachableResources: async () => ({
      resources: options.reachable ?? [{ name: resourceName, tags: {}, levels: ["read"] }],
      more: false,
    }),
    lookupVerifiers: async (name) =>
      byName.has(name)
        ? {
            salt: salt.toString("base64"),
            iterations: 4096,
            verifiers: [
              {
                id: `sec_${name}`,
                storedKey: verifier.storedKey.toString("base64"),
                serverKey: verifier.serverKey.toString("base64"),
              },
            ],
          }
        : undefined,
    authenticate: async (proof) => {
      // every registered key is that of the first principal
      const name = proof.type === "secret" || proof.type === "ssh_key" ? proof.principalName : undefined;
      const [first] = options.principals;
      const principal = proof.type === "ssh_key" && name === undefined ? first : byName.get(name ?? "");
      return principal === undefined ? { ok: false, reason: "unknown" } : { ok: true, principal };
    },
    appendAudit: async (event) => void audit.push(event),
    getPolicy: async () => bundle,
    openCredential: async () =>
      options.other?.credential ?? { type: "trust", username: options.targetUser ?? "postgres" },
    endSession: async () => {},
    requestReview: async (request) => {
      const used = [...reviews.values()].find(
        (review) =>
          review.request.binding === request.binding && (review.state === "approved" || review.state === "pending"),
      );
      if (used !== undefined && request.mode === "ticket") {
        if (used.state === "approved") reviews.set(used.id, { ...used, state: "consumed" });
        return used;
      }
      const review = {
        id: `rev_${reviews.size + 1}`,
        shortId: newShortId(),
        state: "pending" as const,
        decisions: [],
        expiresAt: request.expiresAt,
        request,
      };
      reviews.set(review.id, review);
      setImmediate(() => awaiting.shift()?.(review.id));
      return review;
    },
    getReview: async (id) => found(reviews.get(id)),
    consumeReview: async (id) => {
      const review = found(reviews.get(id));
      if (review.state !== "approved") return false;
      reviews.set(id, { ...review, state: "consumed" });
      return true;
    },
    withdrawReview: async (id) => void reviews.set(id, { ...found(reviews.get(id)), state: "withdrawn" }),
  };
  const policy = new PolicyInForce(controlPlane);
  const link = (shortId: string): string => `https://gw.example/r/${shortId}`;
  const desk = new ReviewDesk(controlPlane, link);
  const budgets = new BudgetLedger(controlPlane);
  const sessions = new Set<GatewaySession>();
  const classifier = await loadClassifier();
  const worker = createClassifierWorker();
  const postgres = createPostgresProtocol({
    mockKey: randomBytes(32),
    classify: (sql) => (needsWorker(sql) ? worker.classifyInWorker(sql) : classifier.classify(sql)),
    classifySync: (sql) => classifier.classify(sql),
    domain: "gw.example",
    ...(options.tls && { tls: options.tls }),
  });
  const protocol: Protocol<never, Duplex> = options.other?.protocol ?? (postgres as Protocol<never, Duplex>);
  const stop = new AbortController();
  const host = (clientAddress: string): SessionHost<Duplex> => ({
    controlPlane,
    clientAddress,
    signal: stop.signal,
    requestBrowserLogin: async () => ({ state: "refused", reason: "too_many" }),
    cancelElsewhere: async () => {},
    openSession: async (request) => {
      await policy.ready();
      if (request.resourceName !== resourceName)
        return { ok: false, reason: "resource_unknown", detail: "there is no such resource" };
      const principal = found(options.principals.find(({ id }) => id === request.principalId));
      const authorized: AuthorizedSession = {
        id: `ses_${createHash("sha256").update(randomBytes(8)).digest("hex").slice(0, 12)}`,
        principal,
        resource: {
          id: "res_1",
          name: request.resourceName,
          protocol: protocol.name,
          tags: { env: "prod" },
          target: options.other?.target ?? {
            host: "127.0.0.1",
            port: options.target.port,
            database: options.database,
            databases: ["*"],
            tls: { mode: "disable" },
            ...(options.lineage && { lineage: options.lineage }),
          },
          agent: "site",
          enforce: "on",
        },
        level: request.level ?? "read",
        grantId: "gnt_1",
        startedAt: new Date().toISOString(),
        leaseExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        policyVersion: bundle.version,
        agentId: "agt_1",
        sessionGrant: "",
        recordingKey: { keyId: "key_1", key: randomBytes(32).toString("base64"), wrapped: "" },
        tokenKey: createHash("sha256").update("token key of the tests").digest("base64"),
      };
      const session: GatewaySession = new GatewaySession(authorized, {
        controlPlane: controlPlane as ControlPlane,
        policy,
        labelDecisions,
        reviews: desk,
        budgets,
        gatewayId: "gw_1",
        client: { address: clientAddress },
        makeRecorder: () => ({
          append: (event) => void events.push(event),
          flush: () => undefined,
          watched: () => {},
          failed: undefined,
          end: async () => ({ segments: 1, lastSegmentHash: "", stored: true }),
        }),
        completeCredential: async (opened) => {
          if (opened.type === "agent_secret") throw new Error("there is no agent here");
          return opened;
        },
        dial: async () => connect({ host: "127.0.0.1", port: options.target.port, noDelay: true }),
        reviewLink: link,
        onEnd: () => sessions.delete(session),
      });
      sessions.add(session);
      return { ok: true, session };
    },
  });
  const server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    void protocol.serve(socket, host(`${socket.remoteAddress}:${socket.remotePort}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    secret,
    events,
    audit,
    reviews,
    sessions,
    budgets,
    spent: spending.spent,
    bindings,
    labelDecisions,
    nextReview: () => new Promise((resolve) => awaiting.push(resolve)),
    decide: async (id, decision, reviewer, comment) => {
      const review = found(reviews.get(id));
      reviews.set(id, {
        ...review,
        state: decision === "approve" ? "approved" : "rejected",
        decisions: [{ reviewer, decision, comment, at: new Date().toISOString() }],
      });
      await desk.changed(id);
    },
    expire: async (id) => {
      reviews.set(id, { ...found(reviews.get(id)), state: "expired" });
      await desk.changed(id);
    },
    setPolicies: async (policies) => {
      bundle = { version: bundle.version + 1, documents: policies };
      await policy.refresh();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      server.close();
      for (const session of sessions) session.interrupt({ type: "shutdown", reason: "the test is over" });
      await budgets.close();
      await worker.close();
    },
  };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not found");
  return value;
}
