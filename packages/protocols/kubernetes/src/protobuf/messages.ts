import { readFileSync } from "node:fs";

/** One field of a message. */
export interface MessageField {
  readonly name: string;
  /** `string`, `bytes`, `bool`, `int`, `double`, or the whole name of a message. */
  readonly type: string;
  readonly shape: "one" | "list" | "map";
}

/** By number. */
export type MessageFields = ReadonlyMap<number, MessageField>;

const SCALARS: ReadonlySet<string> = new Set(["bytes", "bool", "int", "double"]);
const META = "apimachinery.pkg.apis.meta.v1";
/** Sent under whatever version the object has that they are about. */
const OF_EVERY_GROUP = /^(?:\w+Options|Status|WatchEvent)$/;

interface Messages {
  readonly byName: ReadonlyMap<string, MessageFields>;
  /** `apps/v1` to `api.apps.v1` */
  readonly packages: ReadonlyMap<string, string>;
}

let known: Messages | undefined;

/** The messages of the Kubernetes API; read when the first one is asked for. */
function messages(): Messages {
  known ??= parse(readFileSync(new URL("./messages.txt", import.meta.url), "utf8"));
  return known;
}

/** Fields of a message by its whole name. */
export function fieldsOfMessage(name: string): MessageFields | undefined {
  return messages().byName.get(name);
}

/** The message of an object of this kind; undefined = none is known. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  const { packages, byName } = messages();
  const place = OF_EVERY_GROUP.test(kind) ? META : packages.get(apiVersion);
  const name = `${place}.${kind}`;
  return place !== undefined && byName.has(name) ? name : undefined;
}

/** `package NAME API_VERSION`, then messages: a line with the name, and behind a blank one for each field: `NUMBER NAME [TYPE]`. */
function parse(text: string): Messages {
  const byName = new Map<string, Map<number, MessageField>>();
  const packages = new Map<string, string>();
  let place = "";
  let fields = new Map<number, MessageField>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const words = line.trim().split(" ");
    if (line.startsWith(" ")) {
      const [number, name = "", type = ""] = words;
      fields.set(Number(number), { name, ...typeOf(type, place) });
    } else if (words[0] === "package") {
      place = words[1] ?? "";
      packages.set(words[2] ?? "", place);
    } else {
      fields = new Map();
      byName.set(`${place}.${words[0]}`, fields);
    }
  }
  return { byName, packages };
}

function typeOf(written: string, place: string): Pick<MessageField, "type" | "shape"> {
  const shape = written.endsWith("[]") ? "list" : written.endsWith("{}") ? "map" : "one";
  const type = shape === "one" ? written : written.slice(0, -2);
  if (type === "") return { type: "string", shape };
  return { type: SCALARS.has(type) || type.includes(".") ? type : `${place}.${type}`, shape };
}
