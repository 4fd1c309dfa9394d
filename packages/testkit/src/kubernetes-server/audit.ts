/** The part of an `audit.k8s.io/v1` Event that tests look at. */
export interface AuditEvent {
  readonly auditID: string;
  readonly level: string;
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string; readonly message?: string };
  /** Only at level `Request` and `RequestResponse`. */
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
}

export interface AuditUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** An audit policy that leaves out what the cluster asks of itself. */
export function auditPolicy(level: string): string {
  return [
    "apiVersion: audit.k8s.io/v1",
    "kind: Policy",
    "omitStages: [RequestReceived]",
    "rules:",
    '  - { level: None, users: ["system:apiserver", "kubelet-double"] }',
    `  - { level: ${level} }`,
    "",
  ].join("\n");
}

/** The last line may be half written: it is left for the next look. */
export function readAuditLog(text: string): AuditEvent[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}
