export type { ClassifierOptions, SqlClassifier } from "./classifier.ts";
export { loadClassifier, refusal } from "./classifier.ts";
export type { ClassifierWorker, ClassifierWorkerOptions } from "./classify-in-worker.ts";
export { CLASSIFY_DEADLINE_MS, createClassifierWorker, needsWorker } from "./classify-in-worker.ts";
export { DANGEROUS_FUNCTIONS, dangerOf } from "./dangerous-functions.ts";
export { redactUnparsed } from "./redaction.ts";
export { PARSER_SETTINGS } from "./session-facts.ts";
