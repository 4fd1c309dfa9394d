export * from "./label-matcher.ts";
