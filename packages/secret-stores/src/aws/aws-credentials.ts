import { TidewaiterError } from "@tidewaiter/core/errors";
import { Expiring } from "../expiring.ts";
import { jsonOf, sendRequest, textAt } from "../http-request.ts";
import { readText } from "../local-secret.ts";
import type { AwsSettings } from "./aws-settings.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsDeps {
  readonly readVariable: (name: string) => string | undefined;
  readonly now: () => number;
  /** Instance metadata; another address in tests only. */
  readonly imds?: string;
}

const IMDS = "http://169.254.169.254";
/** Of long-lived keys in variables: read again now and then. */
const STATIC_MS = 5 * 60_000;
/** Where there is no metadata service its address answers nothing at all. */
const IMDS_DEADLINE_MS = 2_000;

type Fetched = { readonly value: AwsCredentials; readonly expiresAt: number };

/** Credentials of the server itself, as the SDKs find them: variables, web identity (EKS), instance metadata (IMDSv2). */
export function createAwsCredentials(settings: AwsSettings, deps: AwsDeps): Expiring<AwsCredentials> {
  return new Expiring(async (signal) => {
    const { credentials } = settings;
    const has = (name: string) => deps.readVariable(name) !== undefined;
    if (credentials === "env" || (credentials === "auto" && has("AWS_ACCESS_KEY_ID"))) return fromVariables(deps);
    if (credentials === "web_identity" || (credentials === "auto" && has("AWS_WEB_IDENTITY_TOKEN_FILE"))) {
      return fromWebIdentity(settings, deps, signal);
    }
    return fromInstance(deps, signal);
  }, deps.now);
}

function fromVariables({ readVariable, now }: AwsDeps): Fetched {
  const accessKeyId = readVariable("AWS_ACCESS_KEY_ID");
  const secretAccessKey = readVariable("AWS_SECRET_ACCESS_KEY");
  const sessionToken = readVariable("AWS_SESSION_TOKEN");
  if (!accessKeyId || !secretAccessKey) throw missing("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  const value = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  return { value, expiresAt: now() + STATIC_MS };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: a request without signature. */
async function fromWebIdentity(settings: AwsSettings, deps: AwsDeps, signal: AbortSignal): Promise<Fetched> {
  const file = deps.readVariable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const role = deps.readVariable("AWS_ROLE_ARN");
  const region = settings.region ?? deps.readVariable("AWS_REGION");
  if (!file || !role || !region) throw missing("AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN or the region is not set");
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: deps.readVariable("AWS_ROLE_SESSION_NAME") ?? "tidewaiter",
    WebIdentityToken: (await readText(file)).trim(),
  }).toString();
  const url = settings.endpoints.sts ?? `https://sts.${region}.amazonaws.com/`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await sendRequest({ method: "POST", url, headers, body, signal });
  const tag = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer.text)?.[1];
  return toFetched(
    answer.status === 200
      ? {
          id: tag("AccessKeyId"),
          secret: tag("SecretAccessKey"),
          token: tag("SessionToken"),
          until: tag("Expiration"),
        }
      : {},
    `the role could not be assumed by web identity (HTTP ${answer.status})`,
  );
}

/** IMDSv2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html */
async function fromInstance({ imds = IMDS }: AwsDeps, outer: AbortSignal): Promise<Fetched> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(IMDS_DEADLINE_MS)]);
  const base = `${imds}/latest`;
  try {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "300" };
    const session = await sendRequest({ method: "PUT", url: `${base}/api/token`, headers: ttl, signal });
    const headers = { "x-aws-ec2-metadata-token": session.text };
    const roles = `${base}/meta-data/iam/security-credentials/`;
    const role = (await sendRequest({ url: roles, headers, signal })).text.split("\n")[0]?.trim() ?? "";
    const answer = await sendRequest({ url: `${roles}${encodeURIComponent(role)}`, headers, signal });
    const json = jsonOf(answer.text);
    const [id, secret, token, until] = ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"].map((name) =>
      textAt(json, name),
    );
    return toFetched({ id, secret, token, until }, "the instance has no role");
  } catch (cause) {
    if (cause instanceof TidewaiterError) throw cause;
    throw missing("there is no instance metadata here, and no other credentials are set", cause);
  }
}

function toFetched(
  found: {
    id?: string | undefined;
    secret?: string | undefined;
    token?: string | undefined;
    until?: string | undefined;
  },
  otherwise: string,
): Fetched {
  const { id, secret, token, until } = found;
  const expiresAt = Date.parse(until ?? "");
  if (id === undefined || secret === undefined || token === undefined || Number.isNaN(expiresAt))
    throw missing(otherwise);
  return { value: { accessKeyId: id, secretAccessKey: secret, sessionToken: token }, expiresAt };
}

function missing(detail: string, cause?: unknown): TidewaiterError {
  return new TidewaiterError(
    "secret_unavailable",
    `no AWS credentials: ${detail}`,
    cause === undefined ? {} : { cause },
  );
}
