export * from "./bindings.ts";
export * from "./label-matcher.ts";
export * from "./reconcile.ts";
