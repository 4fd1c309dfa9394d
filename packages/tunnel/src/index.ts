export { type Clock, systemClock } from "./clock.ts";
export { type ConnectOptions, connectTunnel } from "./connect.ts";
export { TunnelError, type TunnelErrorCode, type WireReason } from "./errors.ts";
export { VERSIONS } from "./frame.ts";
export { type CloseReason, createMux, DEFAULT_LIMITS, type Mux, type MuxLimits, type MuxOptions } from "./mux.ts";
export { type MemorySocketPair, memorySocketPair, type SocketHandlers, type TunnelSocket } from "./socket.ts";
export { MuxStream } from "./stream.ts";
export type { StreamOffer } from "./stream-table.ts";
export { fromWebSocket, WEB_SOCKET_OPTIONS } from "./web-socket.ts";
