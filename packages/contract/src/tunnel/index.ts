export * from "./agent-auth.ts";
export { MalformedMessageError } from "./codec.ts";
export * from "./messages.ts";
