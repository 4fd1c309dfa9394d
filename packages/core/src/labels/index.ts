export * from "./bindings.ts";
export * from "./kube-secret.ts";
export * from "./label-matcher.ts";
export * from "./reconcile.ts";
