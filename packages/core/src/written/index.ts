export type { WrittenKube } from "./written-kube.ts";
export {
  PROTOCOL_OF,
  readWritten,
  WRITTEN_TYPES,
  type WrittenInput,
  type WrittenOperation,
  writtenShape,
} from "./written-operation.ts";
export type { WrittenSsh } from "./written-ssh.ts";
