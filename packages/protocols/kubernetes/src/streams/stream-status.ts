import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import { KubernetesTargetError } from "../connect-target/upstream.ts";
import type { KubeContext } from "../session/context.ts";
import { failure, type KubeStatus } from "../status.ts";

/** How a command ended, as the error channel says it since v4 (metav1.Status). */
export type StreamStatus =
  | { readonly metadata: Readonly<Record<string, never>>; readonly status: "Success" }
  | KubeStatus
  | ExitStatus;

interface ExitStatus {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Failure";
  readonly message: string;
  readonly reason: "NonZeroExitCode";
  readonly details: { readonly causes: readonly { readonly reason: "ExitCode"; readonly message: string }[] };
}

const MAX_STATUS = 64 * 1024;
/** Of an answer that is no Status. */
const MAX_TEXT = 1_000;

/** All of a stream, up to 64 KiB; what goes beyond is read and dropped. */
export async function readSmall(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on("data", (chunk: Buffer) => {
    if (size + chunk.length > MAX_STATUS) return;
    size += chunk.length;
    chunks.push(chunk);
  });
  stream.once("end", resolve);
  stream.once("close", resolve);
  stream.once("error", () => resolve());
  await promise;
  return Buffer.concat(chunks);
}

export interface ReadStatus {
  readonly status: StreamStatus;
  /** Undefined: it ended by something else than a command's end. */
  readonly exitCode: number | undefined;
}

/** Undefined: there is none, as where the connection broke. Only what clients use of it is kept. */
export function readStreamStatus(bytes: Buffer, change: (text: string) => string): ReadStatus | undefined {
  let read: unknown;
  try {
    read = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(read)) return undefined;
  if (read.status === "Success") return { status: { metadata: {}, status: "Success" }, exitCode: 0 };
  const message = change(typeof read.message === "string" ? read.message : "");
  if (read.reason !== "NonZeroExitCode") {
    const reason =
      typeof read.reason === "string" && /^[A-Za-z]{1,64}$/.test(read.reason) ? read.reason : "InternalError";
    const code = typeof read.code === "number" ? read.code : 500;
    return {
      status: { ...failure("InternalError", message), reason: reason as KubeStatus["reason"], code },
      exitCode: undefined,
    };
  }
  const causes = isRecord(read.details) && Array.isArray(read.details.causes) ? read.details.causes : [];
  const exit = causes.filter(isRecord).find((cause) => cause.reason === "ExitCode")?.message;
  const exitCode = typeof exit === "string" && /^\d{1,3}$/.test(exit) ? Number(exit) : undefined;
  if (exitCode === undefined) return undefined;
  return {
    exitCode,
    status: {
      metadata: {},
      status: "Failure",
      message,
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
    },
  };
}

/** What the API server says in place of an upgrade; the same Status as a plain request would get. */
export async function statusOfResponse(
  response: IncomingMessage,
  change: (text: string) => string,
): Promise<KubeStatus> {
  const body = await readSmall(response);
  const read = readStreamStatus(body, change)?.status;
  const code = response.statusCode ?? 502;
  if (read !== undefined && "code" in read) return { ...read, code };
  const text = change(body.toString("utf8").trim()).slice(0, MAX_TEXT);
  return { ...failure("BadGateway", text === "" ? `the API server answered ${code}` : text), code };
}

/** What an API server that cannot be reached, or is not the right one, is told as. */
export function statusOfError(error: unknown, { resource }: KubeContext): KubeStatus {
  if (error instanceof KubernetesTargetError) return failure("BadGateway", error.message);
  return failure("InternalError", `the stream to ${resource} failed in the gateway`);
}

/** Texts of the target's, without what the detectors find in them. */
export function redacted({ session }: KubeContext): (text: string) => string {
  const { set } = activeDetectors(session.labels().detectors, undefined) ?? {};
  return (text) => (set === undefined ? text : redactText(text, set));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
