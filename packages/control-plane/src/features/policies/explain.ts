import {
  type AccessLevel,
  type Explanation,
  explain,
  PROTOCOL_OF,
  readWritten,
  strictest,
  type WrittenInput,
  type WrittenOperation,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Services } from "../../services.ts";
import { requireClassifier } from "./policy-test.ts";
import { compiledPolicy, type PolicyDocuments } from "./service.ts";

export interface ExplainRequest extends WrittenInput {
  readonly as: string;
  readonly resource: string;
  readonly level: AccessLevel;
  readonly documents?: PolicyDocuments | undefined;
  readonly client: string;
}

export interface OperationExplained {
  /** The one that decides. */
  readonly decides: Explanation;
  /** Of all that it is judged as, in order: each statement, or a command and the files that it moves. */
  readonly all: readonly Explanation[];
}

/** Judges what somebody would ask for as a session of that principal would. */
export async function explainOperation(
  services: Pick<Services, "store" | "deps">,
  request: ExplainRequest,
): Promise<OperationExplained> {
  const toOperations = requireClassifier(services);
  const written = readOrRefuse(request);
  const policy = await compiledPolicy(services.store, request.documents);
  const principal = await services.store.units.principals.domain({ name: request.as });
  const resource = await services.store.units.resources.get({ name: request.resource });
  const { name, protocol, tags, enforce } = resource;
  fits(written, name, protocol);
  // a secret that an agent keeps may bring its own
  const user = resource.credentials.find(({ level }) => level === request.level)?.username || undefined;
  const operations = await toOperations(written, policy, user);
  const session = { client: request.client };
  const context = { principal, resource: { name, protocol, tags, enforce }, level: request.level, session };
  const all = operations.map((operation) => explain(policy, operation, context));
  return { decides: strictest(all), all };
}

function readOrRefuse(input: WrittenInput): WrittenOperation {
  const read = readWritten(input);
  if (read.ok) return read.value;
  const { message, hint } = read.problem;
  const where = read.path.length === 0 ? "the request" : read.path.join(".");
  throw new TidewaiterError("bad_request", `${where}: ${message}`, hint === undefined ? {} : { next: hint });
}

/** An operation of another protocol would match no rule, and the answer would be that all is well. */
function fits({ type }: WrittenOperation, name: string, protocol: string): void {
  if (PROTOCOL_OF[type] === protocol) return;
  const own = Object.entries(PROTOCOL_OF).find(([, spoken]) => spoken === protocol)?.[0];
  const next = own === undefined ? {} : { next: `Write it as ${own}.` };
  throw new TidewaiterError("bad_request", `${name} speaks ${protocol}, which is not asked ${type}`, next);
}
