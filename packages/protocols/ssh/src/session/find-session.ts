import type { Duplex } from "node:stream";
import type { LiveSession, SessionHost } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { refusalInWords } from "@tidewaiter/core/session-authorization";
import type { SshLogin } from "../accept-client/accept-client.ts";
import { ResourceChoice } from "./resource-choice.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Found {
  readonly live: Promise<LiveSession<Duplex> | string>;
  readonly choice: Promise<ResourceChoice | undefined>;
}

/**
 * The session for the resource that the user name says. Where it says who the client is instead (`ssh ana@gateway`), or
 * nothing that they may reach (`ssh gateway`, with the name of the local user), the client chooses.
 */
export function findSession(
  login: SshLogin,
  host: SessionHost<Duplex>,
  { endpoint, over }: { readonly endpoint: Endpoint | undefined; readonly over: AbortSignal },
): Found {
  const { name, identified, method } = login;
  const { principal, secretId, mandateId } = identified;
  const who = principal.name;
  const plain =
    method === "publickey" && name.principal === undefined && name.level === undefined && name.login === undefined;
  const chooses = (because?: string): ResourceChoice => {
    const request = {
      principalId: principal.id,
      ...(secretId !== undefined && { secretId }),
      ...(mandateId !== undefined && { mandateId }),
      protocol: "ssh",
    };
    const choice = new ResourceChoice({
      list: () => host.controlPlane.reachableResources(request),
      who,
      ...(because !== undefined && { because }),
      command: (resource) => commandFor(resource, endpoint),
    });
    if (over.aborted) choice.leave();
    over.addEventListener("abort", () => choice.leave(), { once: true });
    return choice;
  };
  const opened = plain && name.resource === who ? undefined : openSession(login, host, name.resource);
  const choice =
    opened === undefined
      ? Promise.resolve(chooses())
      : opened.then((result) => (plain && "refused" in result && result.unknown ? chooses(result.refused) : undefined));
  const live = choice.then(async (made) => {
    if (made === undefined) return sessionOf(await opened);
    const resource = await made.chosen;
    return resource === undefined ? "no host was chosen" : sessionOf(await openSession(login, host, resource));
  });
  return { live, choice };
}

function commandFor(resource: string, endpoint: Endpoint | undefined): string {
  if (endpoint === undefined) return `ssh ${resource}@GATEWAY`;
  return `ssh ${endpoint.port === 22 ? "" : `-p ${endpoint.port} `}${resource}@${endpoint.host}`;
}

type Opened =
  | { readonly session: LiveSession<Duplex> }
  | {
      readonly refused: string;
      /** There is nothing of that name for this principal. */
      readonly unknown: boolean;
    };

function sessionOf(opened: Opened | undefined): LiveSession<Duplex> | string {
  if (opened === undefined) return "no host was chosen";
  return "session" in opened ? opened.session : opened.refused;
}

async function openSession(login: SshLogin, host: SessionHost<Duplex>, resourceName: string): Promise<Opened> {
  const { name, identified, method } = login;
  try {
    const opened = await host.openSession({
      principalId: identified.principal.id,
      ...(identified.secretId !== undefined && { secretId: identified.secretId }),
      ...(identified.mandateId !== undefined && { mandateId: identified.mandateId }),
      resourceName,
      protocol: "ssh",
      ...(name.level !== undefined && { level: name.level }),
      ...(name.login !== undefined && { login: name.login }),
      detail: { method, ...(name.login !== undefined && { login: name.login }) },
    });
    if (opened.ok) return { session: opened.session };
    const unknown = opened.reason === "resource_unknown" || opened.reason === "no_grant";
    return { refused: `${resourceName}: ${refusalInWords(opened)}`, unknown };
  } catch (error) {
    const refused = error instanceof TidewaiterError ? error.detail : "the gateway could not open the session";
    return { refused, unknown: false };
  }
}
