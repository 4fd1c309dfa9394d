import { BACKSLASH } from "../json/json-scan.ts";

/** Keys of Kubernetes objects that mean something here; everything else is `OTHER`. */
export const KEYS = {
  OTHER: 0,
  kind: 1,
  apiVersion: 2,
  metadata: 3,
  data: 4,
  stringData: 5,
  binaryData: 6,
  annotations: 7,
  managedFields: 8,
  items: 9,
  rows: 10,
  cells: 11,
  object: 12,
  columnDefinitions: 13,
  env: 14,
  name: 15,
  value: 16,
  namespace: 17,
  labels: 18,
  token: 19,
  message: 20,
  remainingItemCount: 21,
  /** Members that say what an object is, of a Secret and of a Status. */
  type: 22,
  immutable: 23,
  status: 24,
  reason: 25,
  code: 26,
  details: 27,
  uid: 28,
  spec: 29,
  /** Identity of an object: what selects it, names it or orders it. */
  resourceVersion: 30,
  generateName: 31,
  selfLink: 32,
  creationTimestamp: 33,
  deletionTimestamp: 34,
  generation: 35,
  ownerReferences: 36,
  finalizers: 37,
  continue: 38,
  /** Network addresses, which the API server checks to be such. */
  podIP: 50,
  podIPs: 51,
  hostIP: 52,
  hostIPs: 53,
  clusterIP: 54,
  clusterIPs: 55,
  externalIPs: 56,
  podCIDR: 57,
  podCIDRs: 58,
  addresses: 59,
  ip: 60,
  loadBalancerIP: 61,
} as const;

const FIRST_ADDRESS = 50;

/** Names in `metadata` that are identity. */
const IDENTITY: ReadonlySet<number> = new Set([
  KEYS.name,
  KEYS.namespace,
  KEYS.uid,
  KEYS.labels,
  KEYS.resourceVersion,
  KEYS.generateName,
  KEYS.selfLink,
  KEYS.creationTimestamp,
  KEYS.deletionTimestamp,
  KEYS.generation,
  KEYS.ownerReferences,
  KEYS.finalizers,
  KEYS.continue,
]);

export const isIdentity = (key: number): boolean => IDENTITY.has(key);

export const isAddress = (key: number): boolean => key >= FIRST_ADDRESS;

interface Known {
  readonly bytes: Buffer;
  readonly key: number;
}

const LONGEST = 18;
const byLength: Known[][] = Array.from({ length: LONGEST + 1 }, () => []);
for (const [name, key] of Object.entries(KEYS))
  if (name !== "OTHER") byLength[name.length]?.push({ bytes: Buffer.from(name), key });
const byText = new Map<string, number>(Object.entries(KEYS).filter(([name]) => name !== "OTHER"));

/** Which key the token `[from, to)`, quotation marks included, is. */
export function keyOf(bytes: Buffer, from: number, to: number): number {
  const length = to - from - 2;
  if (length <= LONGEST)
    for (const known of byLength[length] as readonly Known[]) if (same(bytes, from + 1, known.bytes)) return known.key;
  for (let at = from + 1; at < to - 1; at++)
    if (bytes[at] === BACKSLASH) return byText.get(readKey(bytes, from, to)) ?? KEYS.OTHER;
  return KEYS.OTHER;
}

function same(bytes: Buffer, at: number, key: Buffer): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[at + index] !== key[index]) return false;
  return true;
}

/** The key as its text; one with a broken escape is what is written. */
export function readKey(bytes: Buffer, from: number, to: number): string {
  const written = bytes.toString("utf8", from + 1, to - 1);
  if (!written.includes("\\")) return written;
  try {
    return JSON.parse(`"${written}"`) as string;
  } catch {
    return written;
  }
}
