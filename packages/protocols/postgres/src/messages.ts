/**
 * Names and type bytes of the PostgreSQL frontend/backend protocol, version 3
 * (PostgreSQL documentation, chapter "Message Formats"). Each message is a type byte, an int32 length that counts
 * itself but not the type byte, and a body. Names are those of the documentation.
 */

/** Type bytes that a client sends once it is authenticated. `p` (PasswordMessage family) belongs to the handshake. */
export const FRONTEND = {
  Bind: 0x42,
  Close: 0x43,
  CopyData: 0x64,
  CopyDone: 0x63,
  CopyFail: 0x66,
  Describe: 0x44,
  Execute: 0x45,
  Flush: 0x48,
  FunctionCall: 0x46,
  Parse: 0x50,
  Query: 0x51,
  Sync: 0x53,
  Terminate: 0x58,
} as const;

/** Type bytes that a server sends once the session is ready. */
export const BACKEND = {
  BindComplete: 0x32,
  CloseComplete: 0x33,
  CommandComplete: 0x43,
  CopyBothResponse: 0x57,
  CopyData: 0x64,
  CopyDone: 0x63,
  CopyInResponse: 0x47,
  CopyOutResponse: 0x48,
  DataRow: 0x44,
  EmptyQueryResponse: 0x49,
  ErrorResponse: 0x45,
  FunctionCallResponse: 0x56,
  NoData: 0x6e,
  NoticeResponse: 0x4e,
  NotificationResponse: 0x41,
  ParameterDescription: 0x74,
  ParameterStatus: 0x53,
  ParseComplete: 0x31,
  PortalSuspended: 0x73,
  ReadyForQuery: 0x5a,
  RowDescription: 0x54,
} as const;

/** Type bytes of the handshake; after it both sides refuse them. */
export const HANDSHAKE = {
  /** frontend: PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse share it */
  Password: 0x70,
  /** backend: Authentication* */
  Authentication: 0x52,
  BackendKeyData: 0x4b,
  NegotiateProtocolVersion: 0x76,
} as const;

/** Codes in the place of a protocol version in the first packet of a connection. */
export const STARTUP_CODE = {
  version3_0: 0x00030000,
  cancelRequest: 80877102,
  sslRequest: 80877103,
  gssEncRequest: 80877104,
} as const;

/** The int32 that opens the body of an Authentication message. */
export const AUTHENTICATION = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

/** type byte + int32 length */
export const HEADER_BYTES = 5;

/** A column as RowDescription gives it. `tableOid` and `attnum` are 0 when the value comes from no column. */
export interface FieldDescription {
  readonly name: string;
  readonly tableOid: number;
  readonly attnum: number;
  readonly typeOid: number;
  /** negative: variable width */
  readonly typeSize: number;
  readonly typeModifier: number;
  /** 0 text, 1 binary; always 0 from a Describe of a statement */
  readonly format: number;
}

/** SQL as the client wrote it. */
export interface SqlText {
  readonly sql: string;
  /** False when the bytes are not valid UTF-8: then `sql` is not what the server will read, and must not be judged. */
  readonly exact: boolean;
}

/** Where the parameter values of a Bind or FunctionCall lie: each is an int32 length (-1 is NULL) and its bytes. */
export interface ParameterValues {
  readonly buffer: Buffer;
  /** offset in `buffer` of the first int32 length */
  readonly offset: number;
  readonly count: number;
}

export type FrontendMessage =
  | ({ readonly name: "Query" } & SqlText)
  | ({ readonly name: "Parse"; readonly statement: string; readonly parameterTypes: readonly number[] } & SqlText)
  | {
      readonly name: "Bind";
      readonly portal: string;
      readonly statement: string;
      /** empty: all text; one: for all; else one per parameter */
      readonly parameterFormats: readonly number[];
      readonly parameters: ParameterValues;
      /** the same rule, per result column */
      readonly resultFormats: readonly number[];
    }
  | { readonly name: "Describe" | "Close"; readonly target: "statement" | "portal"; readonly of: string }
  | { readonly name: "Execute"; readonly portal: string /** 0: no limit */; readonly maxRows: number }
  | {
      readonly name: "FunctionCall";
      readonly functionOid: number;
      readonly argumentFormats: readonly number[];
      readonly arguments: ParameterValues;
      readonly resultFormat: number;
    }
  | { readonly name: "CopyData"; readonly data: Buffer }
  | { readonly name: "CopyFail"; readonly reason: string }
  | { readonly name: "CopyDone" | "Flush" | "Sync" | "Terminate" };

/** Body of the `p` message, whose layout depends on what the server asked for. */
export type PasswordMessage =
  | { readonly name: "PasswordMessage"; readonly password: string }
  | { readonly name: "SASLInitialResponse"; readonly mechanism: string; readonly data: Buffer | undefined }
  | { readonly name: "SASLResponse"; readonly data: Buffer };

/** The first packet of a connection, which has no type byte. */
export type StartupPacket =
  | { readonly name: "SSLRequest" | "GSSENCRequest" }
  | { readonly name: "CancelRequest"; readonly processId: number; readonly secretKey: Buffer }
  | {
      readonly name: "StartupMessage";
      readonly major: number;
      readonly minor: number;
      /** in the order sent; a name given twice keeps the last value, as the server does */
      readonly parameters: ReadonlyMap<string, string>;
    };

/**
 * Fields of ErrorResponse and NoticeResponse, named as in the documentation ("Error and Notice Message Fields").
 * `unknown` keeps fields that this list does not know, so that encode after decode loses nothing.
 */
export interface ErrorFields {
  readonly severityLocalized?: string;
  readonly severity?: string;
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly internalPosition?: string;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  readonly file?: string;
  readonly line?: string;
  readonly routine?: string;
  readonly unknown?: ReadonlyMap<number, string>;
}

/** I idle, T in a transaction, E in a failed transaction */
export type TransactionStatus = "I" | "T" | "E";

export interface BackendKey {
  readonly processId: number;
  /** 4 bytes in protocol 3.0, up to 256 in 3.2 */
  readonly secretKey: Buffer;
}

export type AuthenticationRequest =
  | { readonly request: "ok" | "cleartext" }
  | { readonly request: "md5"; readonly salt: Buffer }
  | { readonly request: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly request: "saslContinue" | "saslFinal"; readonly data: Buffer }
  | { readonly request: "unsupported"; readonly method: number };

export type BackendMessage =
  | ({ readonly name: "Authentication" } & AuthenticationRequest)
  | ({ readonly name: "BackendKeyData" } & BackendKey)
  | { readonly name: "NegotiateProtocolVersion"; readonly version: number; readonly options: readonly string[] }
  | { readonly name: "RowDescription"; readonly fields: readonly FieldDescription[] }
  | { readonly name: "ParameterDescription"; readonly typeOids: readonly number[] }
  | { readonly name: "ErrorResponse" | "NoticeResponse"; readonly fields: ErrorFields }
  | { readonly name: "ReadyForQuery"; readonly status: TransactionStatus }
  | { readonly name: "CommandComplete"; readonly tag: string }
  | { readonly name: "ParameterStatus"; readonly parameter: string; readonly value: string }
  | {
      readonly name: "NotificationResponse";
      readonly processId: number;
      readonly channel: string;
      readonly payload: string;
    }
  | {
      readonly name: "CopyInResponse" | "CopyOutResponse" | "CopyBothResponse";
      readonly format: number;
      readonly columnFormats: readonly number[];
    }
  | { readonly name: "DataRow"; readonly columns: ParameterValues }
  | { readonly name: "CopyData"; readonly data: Buffer }
  | { readonly name: "FunctionCallResponse"; readonly value: Buffer | null }
  | {
      readonly name:
        | "BindComplete"
        | "CloseComplete"
        | "CopyDone"
        | "EmptyQueryResponse"
        | "NoData"
        | "ParseComplete"
        | "PortalSuspended";
    };

/** Name of a frontend type byte, or undefined. */
export function frontendName(type: number): string | undefined {
  return FRONTEND_NAMES[type];
}

/** Name of a backend type byte, or undefined. */
export function backendName(type: number): string | undefined {
  return BACKEND_NAMES[type];
}

const FRONTEND_NAMES = namesByType(FRONTEND);
const BACKEND_NAMES = namesByType({
  ...BACKEND,
  Authentication: HANDSHAKE.Authentication,
  BackendKeyData: HANDSHAKE.BackendKeyData,
  NegotiateProtocolVersion: HANDSHAKE.NegotiateProtocolVersion,
});

function namesByType(types: Readonly<Record<string, number>>): readonly (string | undefined)[] {
  const names: (string | undefined)[] = new Array(256).fill(undefined);
  for (const [name, type] of Object.entries(types)) names[type] = name;
  return names;
}
