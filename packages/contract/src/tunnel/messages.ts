// Generated from proto/tunnel.proto by generate.ts. Do not edit.
import protobuf from "protobufjs/minimal.js";
import { decodeOrThrow } from "./codec.ts";

type Reader = protobuf.Reader;
type Writer = protobuf.Writer;

export interface GatewayMessage {
  readonly challenge?: Challenge | undefined;
  readonly welcome?: Welcome | undefined;
  readonly refused?: Refused | undefined;
  readonly secretRequest?: SecretRequest | undefined;
}

export function encodeGatewayMessage(message: GatewayMessage): Uint8Array {
  const writer = protobuf.Writer.create();
  writeGatewayMessage(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeGatewayMessage(bytes: Uint8Array): GatewayMessage {
  return decodeOrThrow("GatewayMessage", () => readGatewayMessage(protobuf.Reader.create(bytes), bytes.length));
}

function writeGatewayMessage(message: GatewayMessage, writer: Writer): void {
  if (message.challenge !== undefined) {
    writeChallenge(message.challenge, writer.uint32(10).fork());
    writer.ldelim();
  }
  if (message.welcome !== undefined) {
    writeWelcome(message.welcome, writer.uint32(18).fork());
    writer.ldelim();
  }
  if (message.refused !== undefined) {
    writeRefused(message.refused, writer.uint32(26).fork());
    writer.ldelim();
  }
  if (message.secretRequest !== undefined) {
    writeSecretRequest(message.secretRequest, writer.uint32(34).fork());
    writer.ldelim();
  }
}

function readGatewayMessage(reader: Reader, end: number): GatewayMessage {
  let challenge: Challenge | undefined;
  let welcome: Welcome | undefined;
  let refused: Refused | undefined;
  let secretRequest: SecretRequest | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        challenge = readChallenge(reader, reader.uint32() + reader.pos);
        break;
      case 18:
        welcome = readWelcome(reader, reader.uint32() + reader.pos);
        break;
      case 26:
        refused = readRefused(reader, reader.uint32() + reader.pos);
        break;
      case 34:
        secretRequest = readSecretRequest(reader, reader.uint32() + reader.pos);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { challenge, welcome, refused, secretRequest };
}

export interface AgentMessage {
  readonly auth?: AgentAuth | undefined;
  readonly health?: Health | undefined;
  readonly secretResponse?: SecretResponse | undefined;
}

export function encodeAgentMessage(message: AgentMessage): Uint8Array {
  const writer = protobuf.Writer.create();
  writeAgentMessage(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeAgentMessage(bytes: Uint8Array): AgentMessage {
  return decodeOrThrow("AgentMessage", () => readAgentMessage(protobuf.Reader.create(bytes), bytes.length));
}

function writeAgentMessage(message: AgentMessage, writer: Writer): void {
  if (message.auth !== undefined) {
    writeAgentAuth(message.auth, writer.uint32(10).fork());
    writer.ldelim();
  }
  if (message.health !== undefined) {
    writeHealth(message.health, writer.uint32(18).fork());
    writer.ldelim();
  }
  if (message.secretResponse !== undefined) {
    writeSecretResponse(message.secretResponse, writer.uint32(26).fork());
    writer.ldelim();
  }
}

function readAgentMessage(reader: Reader, end: number): AgentMessage {
  let auth: AgentAuth | undefined;
  let health: Health | undefined;
  let secretResponse: SecretResponse | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        auth = readAgentAuth(reader, reader.uint32() + reader.pos);
        break;
      case 18:
        health = readHealth(reader, reader.uint32() + reader.pos);
        break;
      case 26:
        secretResponse = readSecretResponse(reader, reader.uint32() + reader.pos);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { auth, health, secretResponse };
}

export interface Challenge {
  readonly gatewayId: string;
  readonly nonce: Uint8Array;
  readonly grantKeysJson: string;
  readonly grantKeysJws: string;
}

export function encodeChallenge(message: Challenge): Uint8Array {
  const writer = protobuf.Writer.create();
  writeChallenge(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeChallenge(bytes: Uint8Array): Challenge {
  return decodeOrThrow("Challenge", () => readChallenge(protobuf.Reader.create(bytes), bytes.length));
}

function writeChallenge(message: Challenge, writer: Writer): void {
  if (message.gatewayId !== "") writer.uint32(10).string(message.gatewayId);
  if (message.nonce.length > 0) writer.uint32(18).bytes(message.nonce);
  if (message.grantKeysJson !== "") writer.uint32(26).string(message.grantKeysJson);
  if (message.grantKeysJws !== "") writer.uint32(34).string(message.grantKeysJws);
}

function readChallenge(reader: Reader, end: number): Challenge {
  let gatewayId: string = "";
  let nonce: Uint8Array = new Uint8Array(0);
  let grantKeysJson: string = "";
  let grantKeysJws: string = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        gatewayId = reader.string();
        break;
      case 18:
        nonce = reader.bytes();
        break;
      case 26:
        grantKeysJson = reader.string();
        break;
      case 34:
        grantKeysJws = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { gatewayId, nonce, grantKeysJson, grantKeysJws };
}

export interface AgentStatement {
  readonly agentId: string;
  readonly gatewayId: string;
  readonly nonce: Uint8Array;
  readonly urlHost: string;
  readonly version: string;
  readonly hostname: string;
  readonly tunnelVersion: number;
}

export function encodeAgentStatement(message: AgentStatement): Uint8Array {
  const writer = protobuf.Writer.create();
  writeAgentStatement(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeAgentStatement(bytes: Uint8Array): AgentStatement {
  return decodeOrThrow("AgentStatement", () => readAgentStatement(protobuf.Reader.create(bytes), bytes.length));
}

function writeAgentStatement(message: AgentStatement, writer: Writer): void {
  if (message.agentId !== "") writer.uint32(10).string(message.agentId);
  if (message.gatewayId !== "") writer.uint32(18).string(message.gatewayId);
  if (message.nonce.length > 0) writer.uint32(26).bytes(message.nonce);
  if (message.urlHost !== "") writer.uint32(34).string(message.urlHost);
  if (message.version !== "") writer.uint32(42).string(message.version);
  if (message.hostname !== "") writer.uint32(50).string(message.hostname);
  if (message.tunnelVersion !== 0) writer.uint32(56).uint32(message.tunnelVersion);
}

function readAgentStatement(reader: Reader, end: number): AgentStatement {
  let agentId: string = "";
  let gatewayId: string = "";
  let nonce: Uint8Array = new Uint8Array(0);
  let urlHost: string = "";
  let version: string = "";
  let hostname: string = "";
  let tunnelVersion: number = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        agentId = reader.string();
        break;
      case 18:
        gatewayId = reader.string();
        break;
      case 26:
        nonce = reader.bytes();
        break;
      case 34:
        urlHost = reader.string();
        break;
      case 42:
        version = reader.string();
        break;
      case 50:
        hostname = reader.string();
        break;
      case 56:
        tunnelVersion = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { agentId, gatewayId, nonce, urlHost, version, hostname, tunnelVersion };
}

export interface AgentAuth {
  readonly agentId: string;
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
}

export function encodeAgentAuth(message: AgentAuth): Uint8Array {
  const writer = protobuf.Writer.create();
  writeAgentAuth(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeAgentAuth(bytes: Uint8Array): AgentAuth {
  return decodeOrThrow("AgentAuth", () => readAgentAuth(protobuf.Reader.create(bytes), bytes.length));
}

function writeAgentAuth(message: AgentAuth, writer: Writer): void {
  if (message.agentId !== "") writer.uint32(10).string(message.agentId);
  if (message.statement.length > 0) writer.uint32(18).bytes(message.statement);
  if (message.signature.length > 0) writer.uint32(26).bytes(message.signature);
}

function readAgentAuth(reader: Reader, end: number): AgentAuth {
  let agentId: string = "";
  let statement: Uint8Array = new Uint8Array(0);
  let signature: Uint8Array = new Uint8Array(0);
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        agentId = reader.string();
        break;
      case 18:
        statement = reader.bytes();
        break;
      case 26:
        signature = reader.bytes();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { agentId, statement, signature };
}

export interface Welcome {
  readonly agentName: string;
}

export function encodeWelcome(message: Welcome): Uint8Array {
  const writer = protobuf.Writer.create();
  writeWelcome(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  return decodeOrThrow("Welcome", () => readWelcome(protobuf.Reader.create(bytes), bytes.length));
}

function writeWelcome(message: Welcome, writer: Writer): void {
  if (message.agentName !== "") writer.uint32(10).string(message.agentName);
}

function readWelcome(reader: Reader, end: number): Welcome {
  let agentName: string = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        agentName = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { agentName };
}

export interface Refused {
  readonly code: string;
  readonly text: string;
}

export function encodeRefused(message: Refused): Uint8Array {
  const writer = protobuf.Writer.create();
  writeRefused(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeRefused(bytes: Uint8Array): Refused {
  return decodeOrThrow("Refused", () => readRefused(protobuf.Reader.create(bytes), bytes.length));
}

function writeRefused(message: Refused, writer: Writer): void {
  if (message.code !== "") writer.uint32(10).string(message.code);
  if (message.text !== "") writer.uint32(18).string(message.text);
}

function readRefused(reader: Reader, end: number): Refused {
  let code: string = "";
  let text: string = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        code = reader.string();
        break;
      case 18:
        text = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { code, text };
}

export interface Health {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly openStreams: number;
  readonly rssKib: number;
}

export function encodeHealth(message: Health): Uint8Array {
  const writer = protobuf.Writer.create();
  writeHealth(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeHealth(bytes: Uint8Array): Health {
  return decodeOrThrow("Health", () => readHealth(protobuf.Reader.create(bytes), bytes.length));
}

function writeHealth(message: Health, writer: Writer): void {
  if (message.version !== "") writer.uint32(10).string(message.version);
  if (message.uptimeSeconds !== 0) writer.uint32(16).uint32(message.uptimeSeconds);
  if (message.openStreams !== 0) writer.uint32(24).uint32(message.openStreams);
  if (message.rssKib !== 0) writer.uint32(32).uint32(message.rssKib);
}

function readHealth(reader: Reader, end: number): Health {
  let version: string = "";
  let uptimeSeconds: number = 0;
  let openStreams: number = 0;
  let rssKib: number = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        version = reader.string();
        break;
      case 16:
        uptimeSeconds = reader.uint32();
        break;
      case 24:
        openStreams = reader.uint32();
        break;
      case 32:
        rssKib = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { version, uptimeSeconds, openStreams, rssKib };
}

export interface DialRequest {
  readonly sessionGrant: string;
  readonly address: number;
}

export function encodeDialRequest(message: DialRequest): Uint8Array {
  const writer = protobuf.Writer.create();
  writeDialRequest(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeDialRequest(bytes: Uint8Array): DialRequest {
  return decodeOrThrow("DialRequest", () => readDialRequest(protobuf.Reader.create(bytes), bytes.length));
}

function writeDialRequest(message: DialRequest, writer: Writer): void {
  if (message.sessionGrant !== "") writer.uint32(10).string(message.sessionGrant);
  if (message.address !== 0) writer.uint32(16).uint32(message.address);
}

function readDialRequest(reader: Reader, end: number): DialRequest {
  let sessionGrant: string = "";
  let address: number = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        sessionGrant = reader.string();
        break;
      case 16:
        address = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { sessionGrant, address };
}

export interface SecretRequest {
  readonly requestId: number;
  readonly sessionGrant: string;
  readonly name: string;
}

export function encodeSecretRequest(message: SecretRequest): Uint8Array {
  const writer = protobuf.Writer.create();
  writeSecretRequest(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeSecretRequest(bytes: Uint8Array): SecretRequest {
  return decodeOrThrow("SecretRequest", () => readSecretRequest(protobuf.Reader.create(bytes), bytes.length));
}

function writeSecretRequest(message: SecretRequest, writer: Writer): void {
  if (message.requestId !== 0) writer.uint32(8).uint32(message.requestId);
  if (message.sessionGrant !== "") writer.uint32(18).string(message.sessionGrant);
  if (message.name !== "") writer.uint32(26).string(message.name);
}

function readSecretRequest(reader: Reader, end: number): SecretRequest {
  let requestId: number = 0;
  let sessionGrant: string = "";
  let name: string = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        requestId = reader.uint32();
        break;
      case 18:
        sessionGrant = reader.string();
        break;
      case 26:
        name = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { requestId, sessionGrant, name };
}

export interface SecretResponse {
  readonly requestId: number;
  readonly value?: Uint8Array | undefined;
  readonly refused?: Refused | undefined;
}

export function encodeSecretResponse(message: SecretResponse): Uint8Array {
  const writer = protobuf.Writer.create();
  writeSecretResponse(message, writer);
  return writer.finish();
}

/** @throws MalformedMessageError */
export function decodeSecretResponse(bytes: Uint8Array): SecretResponse {
  return decodeOrThrow("SecretResponse", () => readSecretResponse(protobuf.Reader.create(bytes), bytes.length));
}

function writeSecretResponse(message: SecretResponse, writer: Writer): void {
  if (message.requestId !== 0) writer.uint32(8).uint32(message.requestId);
  if (message.value !== undefined) writer.uint32(18).bytes(message.value);
  if (message.refused !== undefined) {
    writeRefused(message.refused, writer.uint32(26).fork());
    writer.ldelim();
  }
}

function readSecretResponse(reader: Reader, end: number): SecretResponse {
  let requestId: number = 0;
  let value: Uint8Array | undefined;
  let refused: Refused | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        requestId = reader.uint32();
        break;
      case 18:
        value = reader.bytes();
        break;
      case 26:
        refused = readRefused(reader, reader.uint32() + reader.pos);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError("field past the end of its message");
  return { requestId, value, refused };
}
