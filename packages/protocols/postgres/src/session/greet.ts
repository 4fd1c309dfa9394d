import type { Duplex } from "node:stream";
import { sendAuthenticationOk } from "../accept-client/accept-client.ts";
import type { ConnectedTarget } from "../connect-target/connect-target.ts";
import { encodeBackend, encodeNotice } from "../encode-backend.ts";
import { errorFields } from "../errors.ts";
import { mayReportParameter } from "../inspector/errors/scrub.ts";
import { reaches } from "../inspector/lineage/notice-level.ts";
import type { BackendKey } from "../messages.ts";

export interface Greeting {
  readonly key: BackendKey;
  readonly greeting: string | undefined;
  /** What the client asked for, where the server was told to send more. */
  readonly noticeLevel: string | undefined;
  /** AuthenticationOk has been sent. */
  readonly admitted: boolean;
}

/** Everything between the proof and the first statement, in the order of the protocol's chapter "Start-up". */
export function greet(client: Duplex, connected: ConnectedTarget, given: Greeting): void {
  const { key, greeting, noticeLevel, admitted } = given;
  if (!admitted) sendAuthenticationOk(client);
  const messages: Buffer[] = [];
  for (const [parameter, value] of connected.parameters)
    if (mayReportParameter(parameter)) messages.push(encodeBackend({ name: "ParameterStatus", parameter, value }));
  messages.push(encodeBackend({ name: "BackendKeyData", processId: key.processId, secretKey: key.secretKey }));
  for (const fields of connected.notices)
    if (noticeLevel === undefined || reaches(fields.severity ?? "", noticeLevel)) messages.push(encodeNotice(fields));
  if (greeting !== undefined) messages.push(encodeNotice(errorFields("NOTICE", { code: "00000", message: greeting })));
  messages.push(encodeBackend({ name: "ReadyForQuery", status: "I" }));
  client.write(Buffer.concat(messages));
}
