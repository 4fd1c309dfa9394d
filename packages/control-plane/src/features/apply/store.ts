import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";
import { twoPersonOn } from "../change-requests/two-person.ts";
import type { Weakening } from "../change-requests/weakening.ts";
import { currentPolicyVersion } from "../policies/store.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission } from "../roles/rights.ts";
import { type AppliedChange, type AppliedDocument, NOUNS, type PolicyFile } from "./documents.ts";
import { applyAccessRule } from "./nouns/access-rule.ts";
import { applyFederation } from "./nouns/federation.ts";
import { applyGrant } from "./nouns/grant.ts";
import { applyGroup } from "./nouns/group.ts";
import { applyProvider } from "./nouns/identity-provider.ts";
import { applyChannel } from "./nouns/notification-channel.ts";
import { applyPolicies } from "./nouns/policy.ts";
import { applyPrincipal } from "./nouns/principal.ts";
import { applyResource } from "./nouns/resource.ts";
import { applyRole } from "./nouns/role.ts";

export interface ApplyArgs {
  readonly by: PrincipalRef;
  readonly documents: readonly AppliedDocument[];
  readonly dryRun: boolean;
  /** The policy version that the merged bundle was compiled from. */
  readonly policyBasedOn: number;
}

export interface ApplyResult {
  readonly changes: readonly AppliedChange[];
  readonly policyVersion: number;
  readonly applied: boolean;
  /** Of a dry run, where two people are needed: why this would wait for the second. */
  readonly waitsFor: readonly string[];
}

export const applyUnits = {
  /** All documents or none. A dry run does the whole work and takes it back, so that it finds what the real one would. */
  run: write(function* (unit, args: ApplyArgs): Work<ApplyResult> {
    const changes: AppliedChange[] = [];
    if (args.documents.some((document) => document.noun === "policy"))
      yield* requirePermission(args.by, "config.apply");
    for (const document of inOrder(args.documents)) {
      if (document.noun !== "policy") changes.push(yield* applyOne(unit, args.by, document));
    }
    const files = args.documents.filter((document) => document.noun === "policy");
    changes.push(...(yield* applyPolicies(unit, args, files)));
    const waitsFor = args.dryRun && (yield* twoPersonOn()) ? unit.weakenings().map(toWords) : [];
    if (args.dryRun) unit.discard();
    const policyVersion = yield* currentPolicyVersion();
    return {
      changes,
      policyVersion: args.dryRun ? args.policyBasedOn : policyVersion,
      applied: !args.dryRun,
      waitsFor,
    };
  }),
};

function toWords({ noun, name, why }: Weakening): string {
  return `${noun} ${name}: ${why.join("; ")}`;
}

function inOrder(documents: readonly AppliedDocument[]): AppliedDocument[] {
  const rank = (document: AppliedDocument) => {
    const place = NOUNS.indexOf(document.noun);
    return document.state === "present" ? place : 2 * NOUNS.length - place;
  };
  return [...documents].sort((a, b) => rank(a) - rank(b));
}

type StoredDocument = Exclude<AppliedDocument, PolicyFile>;

function* applyOne(unit: UnitContext, by: PrincipalRef, document: StoredDocument): Work<AppliedChange> {
  try {
    return yield* dispatch(unit, by, document);
  } catch (error) {
    if (!(error instanceof TidewaiterError) || error.code === "storage_unavailable") throw error;
    const options = error.next === undefined ? {} : { next: error.next };
    throw new TidewaiterError(
      error.code,
      `${document.at}: ${document.noun} ${document.name}: ${error.detail}`,
      options,
    );
  }
}

/** Applying gives nobody more than the routes of each noun do. */
function* dispatch(unit: UnitContext, by: PrincipalRef, document: StoredDocument): Work<AppliedChange> {
  switch (document.noun) {
    case "role":
      yield* requirePermission(by, "roles.write");
      return yield* applyRole(unit, by, document);
    case "identity_provider":
      yield* requirePermission(by, "identity_providers.write");
      return yield* applyProvider(unit, by, document);
    case "access_rule":
      yield* requirePermission(by, "access_rules.write");
      return yield* applyAccessRule(unit, by, document);
    case "federation":
      yield* requirePermission(by, "federations.write");
      return yield* applyFederation(unit, by, document);
    case "notification_channel":
      yield* requirePermission(by, "notifications.write");
      return yield* applyChannel(unit, by, document);
    case "principal":
      yield* requirePermission(by, "principals.write");
      return yield* applyPrincipal(unit, by, document);
    case "group":
      yield* requirePermission(by, "groups.write");
      return yield* applyGroup(unit, by, document);
    case "resource":
      yield* requirePermission(by, "resources.write");
      return yield* applyResource(unit, by, document);
    case "grant":
      yield* requirePermission(by, "grants.write");
      return yield* applyGrant(unit, by, document);
  }
}
