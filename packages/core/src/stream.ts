/**
 * The part of node:stream's Duplex that the interfaces here rely on. Stated structurally, since core imports nothing of
 * node: protocols and the gateway use node's class.
 */
export interface Duplex {
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  readonly destroyed: boolean;
}
