import type { KubeOperation } from "@tidewaiter/core";
import { unreadable } from "../json/unreadable.ts";
import { acceptJson, mediaType } from "./accept.ts";
import { AnswerMask, type Hides } from "./answer-mask.ts";
import type { BodyMask } from "./body-mask.ts";
import { isCustomGroup } from "./custom-group.ts";
import type { Identity } from "./identity.ts";
import { Masking, type MaskRules } from "./masking.ts";
import { PLACE, type Place } from "./places.ts";
import { TextAnswer } from "./text-answer.ts";
import { type MaskingFor, ValueMask } from "./value-mask.ts";
import { WatchMask } from "./watch-mask.ts";

export interface AnswerInput {
  readonly operation: KubeOperation;
  /** The client's Accept header; empty when there is none. */
  readonly accept: string;
  readonly rules: MaskRules;
  /** A rule hides some objects: those for which this says true are left out of lists and watches. */
  readonly hides?: Hides | undefined;
  /**
   * Masks depend on the object: the rules of each one in a list or watch, as if it were asked for by itself; of one that does
   * not say which it is, the strictest. Absent: `rules` are those of all.
   */
  readonly rulesFor?: ((item: Identity | undefined) => MaskRules) | undefined;
}

/** Warnings about it may quote values that are hidden: those of a write, which admission policies and webhooks see whole. */
export function mayQuote(operation: KubeOperation, rules: MaskRules): boolean {
  const { verb, resource, group } = operation;
  if (resource === "" || READS.has(verb)) return false;
  const { secret, byName } = new Masking(rules);
  return byName || (secret !== undefined && (rootOf(operation) === PLACE.secret || isCustomGroup(group)));
}

const READS: ReadonlySet<string> = new Set(["get", "list", "watch"]);

export type AnswerPlan =
  /** Nothing of the answer has to be looked at. */
  | { readonly pass: true }
  | {
      readonly pass: false;
      /** What the cluster is to be asked for, without any content encoding; undefined: 406, the client takes nothing that can be masked. */
      readonly accept: string | undefined;
      /**
       * For one answer. Undefined: nothing is masked in an answer of this type. Throws where something had to be and cannot.
       * @param encoding Content-Encoding of the answer
       */
      open(contentType: string, status: number, encoding?: string): BodyMask | undefined;
    };

/** Files and states of the API server itself; other paths that are no resource (discovery, OpenAPI, metrics) hold nothing that is stored. */
const LOGS = /^\/(?:logs|debug)(?:\/|$)/;
const PASS: AnswerPlan = { pass: true };

/** How one answer of the cluster is asked for and read, so that its client sees nothing that is hidden from it. */
export function planAnswer(input: AnswerInput): AnswerPlan {
  const { operation, accept, rules, hides, rulesFor } = input;
  if (operation.resource === "") return LOGS.test(operation.path) ? planText(accept, operation, rules) : PASS;
  if (isText(operation)) return planText(accept, operation, rules);
  const root = rootOf(operation);
  const masking = new Masking(rules);
  if (hides === undefined && rulesFor === undefined && !isLookedAt(root, operation, masking)) return PASS;
  return {
    pass: false,
    accept: acceptJson(accept),
    open: (contentType, status, encoding) => {
      if (encoding !== undefined && encoding !== "" && encoding !== "identity")
        throw unreadable("it is compressed although that was not asked for");
      return open({ ...input, root }, mediaType(contentType), status);
    },
  };
}

/** What its pod, service or node answers: no objects. */
function isText({ resource, subresource }: KubeOperation): boolean {
  return subresource === "proxy" || (resource === "pods" && subresource === "log");
}

function rootOf({ group, resource, subresource }: KubeOperation): Place {
  if (group !== "") return PLACE.object;
  if (resource === "secrets") return PLACE.secret;
  if (resource === "configmaps") return PLACE.configMap;
  return resource === "serviceaccounts" && subresource === "token" ? PLACE.tokenRequest : PLACE.object;
}

function isLookedAt(root: Place, { group }: KubeOperation, { secret, byName, detectors }: Masking): boolean {
  if (byName || detectors !== undefined) return true;
  // objects of others may hold whole Secrets
  return secret !== undefined && (root === PLACE.secret || root === PLACE.tokenRequest || isCustomGroup(group));
}

function open(
  { operation, rules, hides, rulesFor, root }: AnswerInput & { readonly root: Place },
  type: string,
  status: number,
): BodyMask | undefined {
  const { resource: table, namespace, group, verb } = operation;
  const masking = new Masking(rules);
  if (type === "application/json") {
    const custom = isCustomGroup(group);
    const subject = { table, namespace, custom, root, filtered: hides !== undefined, failed: status >= 400 };
    const mask = new ValueMask(masking, subject, rulesFor && maskingsOf(rulesFor, masking.masked));
    const isWatch = verb === "watch" && status === 200;
    return isWatch ? new WatchMask(mask, hides) : new AnswerMask(mask, hides);
  }
  // what a web server in front says of a failure
  if (status >= 400 && (type === "" || type.startsWith("text/"))) return textMask(masking, table);
  // an aggregated API server answers what it likes: icons, reports
  if (isCustomGroup(group) && type.startsWith("text/")) return textMask(masking, table);
  if (isCustomGroup(group) && type.startsWith("image/")) return undefined;
  if (status === 204 || status === 304) return undefined;
  throw unreadable(
    `it came as ${type === "" ? "something without a type" : JSON.stringify(type.slice(0, 60))}, not as JSON`,
  );
}

/** Most objects of an answer have the same masks. */
const MAX_MASKINGS = 100;

function maskingsOf(rulesFor: NonNullable<AnswerInput["rulesFor"]>, masked: Masking["masked"]): MaskingFor {
  const known = new Map<string, Masking>();
  return (identity) => {
    const rules = rulesFor(identity);
    const key = JSON.stringify(rules.masks);
    let masking = known.get(key);
    if (masking === undefined) {
      masking = new Masking(rules, masked);
      if (known.size >= MAX_MASKINGS) known.clear();
      known.set(key, masking);
    }
    return masking;
  };
}

function planText(accept: string, { resource, subresource }: KubeOperation, rules: MaskRules): AnswerPlan {
  const { detectors } = rules;
  if (detectors === undefined) return PASS;
  return {
    pass: false,
    accept,
    open: (contentType, _status, encoding) => {
      if (encoding !== undefined && encoding !== "" && encoding !== "identity")
        throw unreadable("it is compressed although that was not asked for");
      const type = mediaType(contentType);
      const readable = type === "" || type.startsWith("text/") || type.endsWith("json") || subresource === "log";
      return readable ? new TextAnswer(detectors, `${resource}/${subresource}`) : undefined;
    },
  };
}

function textMask({ detectors }: Masking, table: string): BodyMask | undefined {
  return detectors === undefined ? undefined : new TextAnswer(detectors, table);
}
