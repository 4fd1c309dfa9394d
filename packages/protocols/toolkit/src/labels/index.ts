export * from "./catalog.ts";
export * from "./resolve-labels.ts";
export * from "./name-catalog.ts";
