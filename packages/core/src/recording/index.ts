export * from "./events.ts";
export * from "./primitives.ts";
export * from "./recover-segment.ts";
export * from "./render.ts";
export * from "./sealed.ts";
export * from "./segment.ts";
export type { SegmentFooter, SegmentHeader } from "./segment-layout.ts";
export * from "./tokenise.ts";
export * from "./verify.ts";
