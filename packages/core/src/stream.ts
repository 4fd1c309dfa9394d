/**
 * The part of node:stream's Duplex that protocols rely on. Stated structurally, since core imports nothing of node:
 * protocols that need the full class (TLS over a Duplex) import it from node themselves.
 */
export interface Duplex {
  write(bytes: Uint8Array): boolean;
  end(): void;
  destroy(error?: Error): void;
  readonly destroyed: boolean;
}
