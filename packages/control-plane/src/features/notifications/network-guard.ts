import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { DeliveryError } from "./delivery.ts";

/** Not the internet: RFC 6890 and its updates, and what an IPv6 address may hide an IPv4 address in. */
const INSIDE = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/96",
  "::1/128",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
];

/**
 * Where notifications may go. Whoever may set a channel must not reach, through us, what stands inside our network: the
 * address is judged when it is connected to, so that a name cannot lead elsewhere in between (DNS rebinding).
 */
export class NetworkGuard {
  readonly #inside = toBlockList(INSIDE);
  readonly #allowed: BlockList;

  /** @param allowed networks inside that may be reached all the same */
  constructor(allowed: readonly string[]) {
    this.#allowed = toBlockList(allowed);
  }

  /** Clear text goes only to networks that the operator named. */
  requireScheme(url: URL): void {
    if (url.protocol === "https:") return;
    const host = bare(url.hostname);
    if (url.protocol === "http:" && isIP(host) !== 0 && contains(this.#allowed, host)) return;
    throw refused("only https:// is sent to");
  }

  /** For an address that is written out: it is never looked up. */
  requireHost(host: string): void {
    const address = bare(host);
    if (isIP(address) !== 0) this.#require(address);
  }

  /** Of `net.connect`: an address that is not allowed is as if the name did not lead anywhere. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      try {
        for (const { address } of addresses) this.#require(address);
      } catch (problem) {
        return callback(problem as NodeJS.ErrnoException, "", 0);
      }
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      return callback(null, first?.address ?? "", first?.family ?? 0);
    });
  };

  /** One address of the host that may be connected to. */
  resolve(host: string): Promise<string> {
    const address = bare(host);
    if (isIP(address) !== 0) {
      this.#require(address);
      return Promise.resolve(address);
    }
    return new Promise((resolve, reject) => {
      this.lookup(address, { all: false }, (error, found) => (error ? reject(error) : resolve(String(found))));
    });
  }

  #require(address: string): void {
    const plain = mapped(address);
    if (contains(this.#inside, plain) && !contains(this.#allowed, plain)) {
      throw refused("it stands inside the network; see --notify-network");
    }
  }
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
function mapped(address: string): string {
  const inner = /^::ffff:(.+)$/i.exec(address)?.[1];
  if (inner === undefined) return address;
  if (isIP(inner) === 4) return inner;
  const [high = 0, low = 0] = inner.split(":").map((part) => Number.parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

function refused(why: string): DeliveryError {
  return new DeliveryError(`the address is not allowed: ${why}`, { final: true });
}
