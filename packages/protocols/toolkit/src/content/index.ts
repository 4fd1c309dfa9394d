export type { Detector, DetectorName } from "./detector.ts";
export { bitOf, DETECTOR_NAMES, isDetectorName } from "./detector.ts";
export type { DetectorOptions, DetectorSet } from "./detector-set.ts";
export { detectorSet, markerOf, setForColumn } from "./detector-set.ts";
export { findSensitive } from "./find-sensitive.ts";
export { candidates } from "./prefilter.ts";
export { redactText } from "./redact-text.ts";
export type { Span } from "./span.ts";
