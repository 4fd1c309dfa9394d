import { createHmac } from "node:crypto";
import type { KubeOperation, Verdict } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { Hides } from "../response/answer-mask.ts";
import type { MaskRules } from "../response/masking.ts";
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

const MANY: ReadonlySet<string> = new Set(["list", "watch"]);

/** Which objects of a list or watch are left out: those that a get of would be refused. Undefined: none can be. */
export function hiddenObjects({ session }: KubeContext, operation: KubeOperation): Hides | undefined {
  if (!MANY.has(operation.verb) || !session.objectRules().hide) return undefined;
  const ofNamespaces = operation.group === "" && operation.resource === "namespaces";
  return ({ namespace, name, labels }) => {
    const place = ofNamespaces ? name : namespace;
    const get: KubeOperation = { ...operation, verb: "get", namespace: place, name, labels };
    return session.evaluate(get).outcome === "deny";
  };
}
