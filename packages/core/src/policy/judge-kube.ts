import { type KubeLaundering, type KubeOperation, kubeResource } from "../operation.ts";
import { BUILTIN_RULES, CATEGORY_RULES } from "./builtin-rules.ts";
import type { BuiltinFinding, BuiltinSite } from "./judge-builtin.ts";
import type { MaskDecision } from "./view.ts";

const READS: ReadonlySet<string> = new Set(["get", "list", "watch"]);
/** Created only to be answered: nothing is stored. `auth can-i` and `auth whoami` ask so. */
const QUESTIONS: ReadonlySet<string> = new Set([
  "selfsubjectaccessreviews.authorization.k8s.io",
  "selfsubjectrulesreviews.authorization.k8s.io",
  "selfsubjectreviews.authentication.k8s.io",
]);

/** Rules that hold without being written, on every Kubernetes resource. */
export function judgeKube(operation: KubeOperation, { view, decision }: BuiltinSite): readonly BuiltinFinding[] {
  const { builtins, unknownStatement, laundering } = view.policy.defaults;
  const findings: BuiltinFinding[] = [];
  if (view.context.level === "read" && !onlyReads(operation)) {
    const reason = "the access level read lets get, list and watch through";
    findings.push({ ruleId: BUILTIN_RULES.readLevel, outcome: "deny", reason });
  }
  if (operation.subresource === "proxy" && builtins.kube_proxy !== "allow") {
    const { id: ruleId, reason } = CATEGORY_RULES.kube_proxy;
    findings.push({ ruleId, outcome: "deny", reason });
  }
  if (operation.writesMask !== undefined) {
    const reason = `${operation.writesMask} is a mask, not the value: it would be stored in its place`;
    findings.push({ ruleId: BUILTIN_RULES.maskWriteBack, outcome: "deny", reason });
  }
  if (operation.launders !== undefined && laundering !== "allow" && isHidden(operation.launders, decision)) {
    const reason = `${operation.launders.what}, which is masked`;
    findings.push({ ruleId: BUILTIN_RULES.laundering, outcome: laundering, reason });
  }
  if (operation.unread !== undefined && unknownStatement !== "allow")
    findings.push({ ruleId: BUILTIN_RULES.unknownStatement, outcome: unknownStatement, reason: operation.unread });
  return findings;
}

/** A label that no rule shows is hidden. */
function isHidden({ labels }: KubeLaundering, { masks, anyHidden }: MaskDecision): boolean {
  return labels === undefined ? anyHidden : labels.some((label) => masks[label] !== "show");
}

/** The access level `read` lets it through. */
export function onlyReads(
  operation: Pick<KubeOperation, "verb" | "group" | "resource" | "subresource" | "path">,
): boolean {
  const { verb, resource } = operation;
  if (resource === "") return verb === "get" || verb === "head";
  return READS.has(verb) || (verb === "create" && QUESTIONS.has(kubeResource(operation)));
}
