import type { Admission, KubeOperation } from "@tidewaiter/core";
import { kubeResource } from "@tidewaiter/core/operation";
import { failure, type KubeStatus } from "../status.ts";

type Refusal = Extract<Admission, { ok: false }>;

/** Its object is another by now than the one that it is about: in the words of the API server (apiserver, registry/generic). */
export function conflictStatus(operation: KubeOperation): KubeStatus {
  const { name } = operation;
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${kubeResource(operation)} "${name}": ${why}`;
  return failure("Conflict", message, detailsOf(operation));
}

function detailsOf({ name, group, resource }: KubeOperation): NonNullable<KubeStatus["details"]> {
  return {
    ...(name !== "" && { name }),
    ...(group !== "" && { group }),
    ...(resource !== "" && { kind: resource }),
  };
}

/** What a refused request ends with: kubectl prints `Error from server (Forbidden): ` and the message, and exits with 1. */
export function refusalStatus(operation: KubeOperation, refusal: Refusal, not?: string): KubeStatus {
  return failure("Forbidden", refusalText(operation, refusal, not), detailsOf(operation));
}

/**
 * As the API server words what RBAC forbids: what, to whom, why; then what to do next.
 * @param not what did not come of it; default that of a plain request
 */
export function refusalText(
  operation: KubeOperation,
  refusal: Refusal,
  not = `${operation.verb} was not passed on`,
): string {
  const { ruleId, reason, how, shortId, link, by, comment } = refusal;
  const { name } = operation;
  const object = `${kubeResource(operation)}${name === "" ? "" : ` "${name}"`}`;
  const what = `${object}: ${not}`;
  const rule = ruleId === "" ? "" : ` [${ruleId}]`;
  const said = comment === undefined || comment === "" ? "" : `: "${comment}"`;
  switch (how) {
    case "denied":
      return `${what}: ${reason}${rule}`;
    case "ticket":
      return `${what}: ${reason}${rule}. It needs a person: review ${shortId ?? ""} ${link ?? ""}. Run the same command again after approval`;
    case "rejected":
      return `${what}: ${by ?? "a reviewer"} said no${said}${rule}`;
    case "expired":
      return `${what}: nobody decided in time${rule}`;
    case "withdrawn":
      return `${what}: you took it back${rule}`;
    case "unavailable":
      return `${what}: ${reason}${rule}. Try again in a moment`;
  }
}
