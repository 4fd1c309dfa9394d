/**
 * Generates messages.ts from proto/tunnel.proto: `node packages/contract/src/tunnel/generate.ts`.
 *
 * The output reads and writes with protobufjs/minimal and has TypeScript types; pbjs would need jsdoc for those. Only what
 * our messages use is supported: string, bytes, uint32, bool and messages, single, in one file.
 */
import { readFile, writeFile } from "node:fs/promises";
import protobuf from "protobufjs";

const SOURCE = new URL("../../../../proto/tunnel.proto", import.meta.url);
export const OUTPUT = new URL("./messages.ts", import.meta.url);

const WIRE_TYPES: Record<string, number> = { uint32: 0, bool: 0, string: 2, bytes: 2 };
const TYPESCRIPT: Record<string, string> = { uint32: "number", bool: "boolean", string: "string", bytes: "Uint8Array" };
const DEFAULTS: Record<string, string> = { uint32: "0", bool: "false", string: '""', bytes: "new Uint8Array(0)" };

/** The whole text of messages.ts. */
export async function generateMessages(): Promise<string> {
  const { root } = protobuf.parse(await readFile(SOURCE, "utf8"));
  root.resolveAll();
  const types = root.lookup("tidewaiter.tunnel.v1");
  if (!(types instanceof protobuf.Namespace)) throw new Error("package tidewaiter.tunnel.v1 is missing");
  const messages = types.nestedArray.filter((each) => each instanceof protobuf.Type);
  return [
    "// Generated from proto/tunnel.proto by generate.ts. Do not edit.",
    'import protobuf from "protobufjs/minimal.js";',
    'import { decodeOrThrow } from "./codec.ts";',
    "",
    "type Reader = protobuf.Reader;",
    "type Writer = protobuf.Writer;",
    "",
    ...messages.map(generateMessage),
  ].join("\n");
}

function generateMessage(type: protobuf.Type): string {
  return `export interface ${type.name} {
${type.fieldsArray.map(declareField).join("\n")}
}

export function encode${type.name}(message: ${type.name}): Uint8Array {
  const writer = protobuf.Writer.create();
  write${type.name}(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decode${type.name}(bytes: Uint8Array): ${type.name} {
  return decodeOrThrow("${type.name}", () => read${type.name}(protobuf.Reader.create(bytes), bytes.length));
}

function write${type.name}(message: ${type.name}, writer: Writer): void {
${type.fieldsArray.map(writeField).join("\n")}
}

function read${type.name}(reader: Reader, end: number): ${type.name} {
${type.fieldsArray.map(declareVariable).join("\n")}
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
${type.fieldsArray.map(readField).join("\n")}
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { ${type.fieldsArray.map(({ name }) => camel(name)).join(", ")} };
}
`;
}

function declareField(field: protobuf.Field): string {
  const optional = isOptional(field);
  return `  readonly ${camel(field.name)}${optional ? "?" : ""}: ${typeName(field)}${optional ? " | undefined" : ""};`;
}

function declareVariable(field: protobuf.Field): string {
  const initial = isOptional(field) ? "" : ` = ${DEFAULTS[field.type]}`;
  return `  let ${camel(field.name)}: ${typeName(field)}${isOptional(field) ? " | undefined" : ""}${initial};`;
}

function writeField(field: protobuf.Field): string {
  const value = `message.${camel(field.name)}`;
  if (isMessage(field)) {
    return `  if (${value} !== undefined) {
    write${field.type}(${value}, writer.uint32(${tagOf(field)}).fork());
    writer.ldelim();
  }`;
  }
  const present = isOptional(field) ? `${value} !== undefined` : isNotDefault(field, value);
  return `  if (${present}) writer.uint32(${tagOf(field)}).${field.type}(${value});`;
}

function readField(field: protobuf.Field): string {
  const value = isMessage(field) ? `read${field.type}(reader, reader.uint32() + reader.pos)` : `reader.${field.type}()`;
  return `      case ${tagOf(field)}:\n        ${camel(field.name)} = ${value};\n        break;`;
}

function isNotDefault(field: protobuf.Field, value: string): string {
  if (field.type === "string") return `${value} !== ""`;
  return field.type === "bytes" ? `${value}.length > 0` : `${value} !== ${DEFAULTS[field.type]}`;
}

function isMessage(field: protobuf.Field): boolean {
  if (field.repeated || field.map) throw new Error(`${field.fullName}: repeated fields are not supported`);
  if (field.resolvedType instanceof protobuf.Type) return true;
  if (TYPESCRIPT[field.type] === undefined) throw new Error(`${field.fullName}: type ${field.type} is not supported`);
  return false;
}

function isOptional(field: protobuf.Field): boolean {
  return isMessage(field) || field.partOf !== null;
}

function typeName(field: protobuf.Field): string {
  return isMessage(field) ? field.type : (TYPESCRIPT[field.type] ?? "");
}

function tagOf(field: protobuf.Field): number {
  return ((field.id << 3) | (isMessage(field) ? 2 : (WIRE_TYPES[field.type] ?? 0))) >>> 0;
}

function camel(name: string): string {
  return protobuf.util.camelCase(name);
}

if (import.meta.main) await writeFile(OUTPUT, await generateMessages());
