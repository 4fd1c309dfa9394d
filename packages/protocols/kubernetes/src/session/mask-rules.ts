import { createHmac } from "node:crypto";
import type { KubeOperation, Verdict } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { Hides } from "../response/answer-mask.ts";
import type { Identity } from "../response/identity.ts";
import type { MaskRules } from "../response/masking.ts";
import type { AnswerInput } from "../response/plan-answer.ts";
import type { KubeContext } from "./context.ts";

const TOKEN_LENGTH = 22;

/** What is masked for this principal now; without a verdict whatever can be. */
export function maskRules({ session }: KubeContext, verdict: Verdict | undefined): MaskRules {
  const { matcher, detectors } = session.labels();
  const key = Buffer.from(session.authorized.tokenKey, "base64");
  return {
    masks: verdict?.masks ?? {},
    matcher,
    detectors: activeDetectors(detectors, verdict),
    token: (label, value) => {
      const mac = createHmac("sha256", key).update(`kubernetes\0${label}\0`).update(value).digest("base64url");
      return mac.slice(0, TOKEN_LENGTH);
    },
  };
}

const LISTED: ReadonlySet<string> = new Set(["list", "watch"]);
const ANSWERED: ReadonlySet<string> = new Set([...LISTED, "deletecollection"]);

/** Which objects of a list or watch are left out: those that a get of would be refused. Undefined: none can be. */
export function hiddenObjects({ session }: KubeContext, operation: KubeOperation): Hides | undefined {
  if (!LISTED.has(operation.verb) || !session.mayHide(operation)) return undefined;
  return (item) => session.evaluate(getOf(operation, item)).outcome === "deny";
}

/** What is masked in each object of a list or watch: as in a get of it. Undefined: the same in all. */
export function rulesPerObject(context: KubeContext, operation: KubeOperation): AnswerInput["rulesFor"] {
  const { session } = context;
  if (!ANSWERED.has(operation.verb) || !session.objectRules().mask) return undefined;
  return (item) => maskRules(context, item && session.evaluate(getOf(operation, item)));
}

function getOf(operation: KubeOperation, { namespace, name, labels }: Identity): KubeOperation {
  const ofNamespaces = operation.group === "" && operation.resource === "namespaces";
  return { ...operation, verb: "get", namespace: ofNamespaces ? name : namespace, name, labels };
}
