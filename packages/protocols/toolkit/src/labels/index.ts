export * from "./catalog.ts";
export * from "./resolve-labels.ts";
