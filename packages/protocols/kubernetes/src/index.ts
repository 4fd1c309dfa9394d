export { type BodyFacts, type BodyInput, readBody } from "./request/read-body.ts";
export type { BodyMask } from "./response/body-mask.ts";
export type { MaskRules } from "./response/masking.ts";
export { type AnswerInput, type AnswerPlan, planAnswer } from "./response/plan-answer.ts";
