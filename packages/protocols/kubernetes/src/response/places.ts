import { isAddress, isIdentity, KEYS } from "./known-keys.ts";

/** What a value is by where it stands, which says what becomes of it. */
export const PLACE = {
  /** Nothing in it is looked at. */
  pass: 0,
  /** Strings are looked at by detectors; objects inside may turn out to be Secrets. */
  text: 1,
  /** An object of the API. */
  object: 2,
  secret: 3,
  configMap: 4,
  /** Every value in it is one of a Secret: in base64, or as text. */
  secretData: 5,
  secretText: 6,
  configMapData: 7,
  configMapBinary: 8,
  metadata: 9,
  secretMetadata: 10,
  annotations: 11,
  secretAnnotations: 12,
  /** `managedFields`: names of fields are keys. */
  fields: 13,
  env: 14,
  envVar: 15,
  /** Elements are what the whole answer is about. */
  items: 16,
  rows: 17,
  row: 18,
  cells: 19,
  columnDefinitions: 20,
  event: 21,
  /** What an annotation of a Secret holds: the Secret itself, in whatever form some program keeps it. */
  secretCopy: 22,
  /** Of a service account's token, asked for or checked: `status.token`, `spec.token`. */
  tokenRequest: 23,
  /** Every value in it is replaced as the name above says. */
  column: 24,
} as const;

export type Place = (typeof PLACE)[keyof typeof PLACE];

/** The place of the value under `key` in an object at `place`. `root`: what items and rows are about. */
export function placeOf(place: Place, key: number, root: Place): Place {
  switch (place) {
    case PLACE.object:
    case PLACE.configMap:
    case PLACE.secret:
    case PLACE.tokenRequest:
      return inObject(place, key, root);
    case PLACE.secretCopy:
      if (key === KEYS.data) return PLACE.secretData;
      return key === KEYS.stringData ? PLACE.secretText : PLACE.secretCopy;
    case PLACE.metadata:
    case PLACE.secretMetadata:
      if (key === KEYS.annotations) return place === PLACE.metadata ? PLACE.annotations : PLACE.secretAnnotations;
      if (key === KEYS.managedFields) return PLACE.fields;
      return isIdentity(key) ? PLACE.pass : PLACE.text;
    case PLACE.row:
      if (key === KEYS.cells) return PLACE.cells;
      return key === KEYS.object ? root : PLACE.text;
    case PLACE.event:
      if (key === KEYS.object) return root;
      // an answer that is no watch, whatever was asked for
      return key === KEYS.type ? PLACE.pass : inObject(root, key, root);
    case PLACE.envVar:
      return key === KEYS.name ? PLACE.pass : PLACE.text;
    case PLACE.text:
      if (key === KEYS.env) return PLACE.env;
      return isAddress(key) ? PLACE.pass : PLACE.text;
    default:
      return place;
  }
}

function inObject(place: Place, key: number, root: Place): Place {
  switch (key) {
    case KEYS.kind:
    case KEYS.apiVersion:
      return PLACE.pass;
    case KEYS.metadata:
      return place === PLACE.secret ? PLACE.secretMetadata : PLACE.metadata;
    case KEYS.items:
      return PLACE.items;
    case KEYS.rows:
      return PLACE.rows;
    case KEYS.columnDefinitions:
      return PLACE.columnDefinitions;
  }
  if (place === PLACE.secret) return inSecret(key);
  if (place === PLACE.configMap) {
    if (key === KEYS.data) return PLACE.configMapData;
    if (key === KEYS.binaryData) return PLACE.configMapBinary;
  }
  if (key === KEYS.object) return root;
  const mayHoldToken = place === PLACE.tokenRequest && (key === KEYS.status || key === KEYS.spec);
  return mayHoldToken ? PLACE.tokenRequest : PLACE.text;
}

/** What a Secret has beside its values is known; whatever else there is may be a value. */
function inSecret(key: number): Place {
  switch (key) {
    case KEYS.data:
      return PLACE.secretData;
    case KEYS.type:
    case KEYS.immutable:
      return PLACE.pass;
    case KEYS.object:
      return PLACE.secret;
    case KEYS.status:
    case KEYS.message:
    case KEYS.reason:
    case KEYS.code:
    case KEYS.details:
      return PLACE.text;
    default:
      return PLACE.secretText;
  }
}
