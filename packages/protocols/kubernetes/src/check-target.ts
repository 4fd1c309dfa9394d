import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Finding, TargetCredential } from "@tidewaiter/core";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { LEVEL_GROUP } from "./connect-target/identity-headers.ts";
import { createUpstream, KubernetesTargetError, type Upstream } from "./connect-target/upstream.ts";
import { type KubernetesTarget, kubernetesTargetSchema } from "./target-schema.ts";

const CHECK_MS = 20_000;
/** Whom the cluster knows with certainty to have no rights, so that the question is only whether we may say so. */
const NOBODY = "tidewaiter-check";

/** The group whose members no role limits. */
const MASTERS = "system:masters";

interface Answer {
  readonly status: number;
  readonly body: { readonly [field: string]: unknown };
}

/** Connects as a session would and asks the API server itself what the credential may do. */
export async function checkTarget(input: {
  readonly target: unknown;
  readonly credential: TargetCredential;
  readonly dial: () => Promise<Duplex>;
}): Promise<readonly Finding[]> {
  const target = kubernetesTargetSchema.parse(input.target);
  const { credential } = input;
  if (credential.type !== "token" && credential.type !== "certificate") {
    const message = "the credential is neither a token nor a certificate";
    return [
      { severity: "problem", code: "credential", message, mend: "tw credentials set RESOURCE LEVEL --token-stdin" },
    ];
  }
  const upstream = createUpstream({ target, credential, dial: input.dial, resource: "the cluster" });
  try {
    return await findings(upstream, target, credential);
  } catch (error) {
    if (error instanceof KubernetesTargetError)
      return [{ severity: "problem", code: error.code, message: error.message }];
    throw error;
  } finally {
    upstream.close();
  }
}

async function findings(
  upstream: Upstream,
  target: KubernetesTarget,
  credential: TargetCredential,
): Promise<readonly Finding[]> {
  const proof = credential.type === "token" ? { authorization: `Bearer ${credential.token}` } : {};
  const ask = (path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    send(upstream, path, body, { ...proof, ...headers });
  const found: Finding[] = [];
  const version = await ask("/version");
  if (version.status === 401)
    return [{ severity: "problem", code: "credential", message: "the cluster does not take the credential" }];
  found.push({
    severity: "ok",
    code: "version",
    message: `the cluster runs Kubernetes ${text(version.body.gitVersion)}`,
  });
  const impersonate = (resource: string, name = "") => mayDo(ask, { verb: "impersonate", resource, name });
  if (target.identity === "person") {
    const [users, groups, masters, ...levels] = await Promise.all([
      impersonate("users"),
      impersonate("groups"),
      impersonate("groups", MASTERS),
      ...ACCESS_LEVELS.map((level) => impersonate("groups", LEVEL_GROUP + level)),
    ]);
    const named = levels.includes(true);
    if (users && (groups || named))
      found.push({
        severity: "ok",
        code: "impersonate",
        message: `the credential may say who acts${groups ? "" : ", in those groups that its role names"}`,
      });
    else
      found.push({
        severity: "problem",
        code: "impersonate",
        message: `the credential may not impersonate ${users ? "groups" : named ? "users" : "users and groups"}: no request of a person will pass`,
        mend: "bind a ClusterRole with the verb impersonate on users and groups to it (deploy/kubernetes)",
      });
    if (masters)
      found.push({
        severity: "info",
        code: "names_anybody",
        message: `the credential may name ${MASTERS} too: whoever has it may do everything`,
        mend: "resourceNames under groups in its ClusterRole, with the groups that are used (deploy/kubernetes)",
      });
    const anything = await mayDo(ask, { verb: "*", group: "*", resource: "*" });
    if (anything)
      found.push({
        severity: "warning",
        code: "powerful",
        message: "the credential may do everything in the cluster by itself, not only say who acts",
        mend: "an account of its own that may impersonate and nothing else (deploy/kubernetes)",
      });
    const nobody = await ask("/api/v1/nodes?limit=1", undefined, { "impersonate-user": NOBODY });
    if (nobody.status === 200)
      found.push({
        severity: "warning",
        code: "open_cluster",
        message: "a user without any role may list nodes: the cluster's own authorisation does not limit anybody",
      });
  }
  return found;
}

async function mayDo(
  ask: (path: string, body: unknown) => Promise<Answer>,
  resourceAttributes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  const { body } = await ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
  const { status } = body;
  return typeof status === "object" && status !== null && "allowed" in status && status.allowed === true;
}

async function send(
  upstream: Upstream,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const answer = await upstream.request({
    method: bytes === undefined ? "GET" : "POST",
    path,
    headers: {
      ...headers,
      accept: "application/json",
      ...(bytes && { "content-type": "application/json", "content-length": bytes.length }),
    },
    ...(bytes && { body: bytes }),
    signal: AbortSignal.timeout(CHECK_MS),
  });
  const content = await buffer(answer);
  try {
    const parsed: unknown = JSON.parse(content.toString("utf8"));
    const fields = typeof parsed === "object" && parsed !== null ? (parsed as Answer["body"]) : {};
    return { status: answer.statusCode ?? 0, body: fields };
  } catch {
    return { status: answer.statusCode ?? 0, body: {} };
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 64) : "of an unknown version";
}
