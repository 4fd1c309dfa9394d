export * from "./catalog.ts";
export * from "./name-catalog.ts";
export * from "./resolve-labels.ts";
