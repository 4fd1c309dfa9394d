import { formatAt } from "./decode-frontend.ts";
import type { BackendMessage, ErrorFields, FrontendMessage, ParameterValues } from "./messages.ts";

/**
 * One message as one readable line, for tests and golden transcripts. Never shows a value: parameters, rows, COPY data,
 * keys, salts and notification payloads appear as counts and sizes. SQL is shown, so use it only where SQL may be.
 */
export function trace(message: FrontendMessage | BackendMessage): string {
  const { name, ...fields } = message;
  const shown = Object.entries(fields).map(([field, value]) => `${field}=${show(field, value, message)}`);
  return [name, ...shown].join(" ");
}

function show(field: string, value: unknown, message: FrontendMessage | BackendMessage): string {
  if (field === "payload") return `<${String(value).length} characters>`;
  if (field === "value" && message.name === "ParameterStatus") return JSON.stringify(value);
  if (Buffer.isBuffer(value)) return `<${value.length} bytes>`;
  if (value === null) return "NULL";
  if (isValues(value)) return showValues(value, message);
  if (field === "fields" && (message.name === "ErrorResponse" || message.name === "NoticeResponse")) {
    return showError(message.fields);
  }
  if (field === "fields" && message.name === "RowDescription") {
    const columns = message.fields.map(
      (one) => `${one.name}:${one.typeOid}:${one.tableOid}.${one.attnum}:${one.format}`,
    );
    return `[${columns.join(" ")}]`;
  }
  return JSON.stringify(value);
}

function isValues(value: unknown): value is ParameterValues {
  return typeof value === "object" && value !== null && "offset" in value && "count" in value;
}

function showValues({ buffer, offset, count }: ParameterValues, message: FrontendMessage | BackendMessage): string {
  const formats = message.name === "Bind" ? message.parameterFormats : [];
  const sizes: string[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    const length = buffer.readInt32BE(at);
    sizes.push(length < 0 ? "NULL" : `${length}${formatAt(formats, i) === 1 ? "b" : ""}`);
    at += 4 + Math.max(0, length);
  }
  return `(${sizes.join(" ")})`;
}

/** The essentials: file, line and routine differ between server versions; detail, where and hint may hold values. */
function showError({ severity, code, message }: ErrorFields): string {
  return `${severity ?? "?"} ${code ?? "?"} ${JSON.stringify(message ?? "")}`;
}
