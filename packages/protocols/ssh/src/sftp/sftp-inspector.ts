import { PacketFramer } from "../packet-framer.ts";
import { PacketReader } from "../packet-reader.ts";
import { FileDigest } from "./file-digest.ts";
import { MAX_PACKET, OPEN_FLAGS, SFTP, STATUS, statusPacket } from "./sftp-packets.ts";

/** What a client asks for, as far as it has to be judged. */
export interface SftpRequest {
  readonly verb:
    | "get"
    | "put"
    | "rm"
    | "rmdir"
    | "mkdir"
    | "rename"
    | "symlink"
    | "hardlink"
    | "setstat"
    | "extended"
    | "unknown";
  readonly paths: readonly string[];
}

/** The answer to a request, by number. */
export type SftpDecision =
  | { readonly ok: true; readonly operation: number }
  | { readonly ok: false; readonly message: string };

export interface SftpEnd {
  readonly operation: number;
  readonly path: string;
  readonly direction: "upload" | "download";
  readonly bytes: number;
  readonly sha256?: string;
}

export interface SftpOutlet {
  toTarget(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** Judges a request; nothing of it reaches the target before the promise has resolved. */
  judge(request: SftpRequest): Promise<SftpDecision>;
  /** A handle was closed, or the channel ended with it open. */
  moved(end: SftpEnd): void;
  /** Whether these bytes of a file may still go to the client; a promise where a budget has to be asked. */
  spend(operation: number, bytes: number): true | Promise<boolean>;
}

interface OpenFile {
  readonly path: string;
  readonly read: FileDigest | undefined;
  readonly written: FileDigest | undefined;
  readonly operations: { readonly download?: number; readonly upload?: number };
}

/** Requests whose reply is waited for; what a client keeps on its way is capped by its own memory, and here. */
const MAX_PENDING = 4_096;
const MAX_FILES = 1_024;

/** Extensions of OpenSSH (PROTOCOL, section 4) that change nothing or only what a judged handle may. */
const HARMLESS_EXTENSIONS = new Set([
  "statvfs@openssh.com",
  "fstatvfs@openssh.com",
  "fsync@openssh.com",
  "limits@openssh.com",
  "expand-path@openssh.com",
  "home-directory",
  "users-groups-by-id@openssh.com",
]);

/** Requests that are kept, in bytes: a name is short. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** A request that names a file, in the order in which they came. */
interface Ordered {
  /** Absent while it is judged. */
  run: (() => void) | undefined;
  readonly bytes: number;
}

/**
 * Reads SFTP version 3 in both directions and passes packets on as they came. A request that has to be judged is kept until
 * it was; one that is refused is answered here and never reaches the target. Requests that name files keep their order, as
 * clients may ask for a file's attributes in one breath with its creation; what goes by a handle may overtake them.
 */
export class SftpInspector {
  readonly #outlet: SftpOutlet;
  readonly #fromClient = new PacketFramer(MAX_PACKET);
  readonly #fromTarget = new PacketFramer(MAX_PACKET);
  readonly #opening = new Map<number, Omit<OpenFile, "read" | "written"> & { readonly flags: number }>();
  readonly #files = new Map<string, OpenFile>();
  readonly #reading = new Map<number, { readonly file: OpenFile; readonly offset: number }>();
  /** Requests that wait for a verdict: their numbers are taken. */
  readonly #judging = new Set<number>();
  readonly #ordered: Ordered[] = [];
  #keptBytes = 0;

  constructor(outlet: SftpOutlet) {
    this.#outlet = outlet;
  }

  /** Throws a RangeError on bytes that are no SFTP. */
  client(chunk: Buffer): void {
    this.#fromClient.push(chunk);
    for (let packet = this.#fromClient.next(); packet !== undefined; packet = this.#fromClient.next())
      this.#request(packet);
  }

  target(chunk: Buffer): void {
    this.#fromTarget.push(chunk);
    for (let packet = this.#fromTarget.next(); packet !== undefined; packet = this.#fromTarget.next())
      this.#reply(packet);
  }

  /** The channel is over: files that were left open are told. */
  end(): void {
    for (const file of this.#files.values()) this.#tell(file);
    this.#files.clear();
  }

  #request(packet: Buffer): void {
    const type = packet[4];
    const reader = new PacketReader(packet);
    if (type === SFTP.INIT) return this.#outlet.toTarget(ofVersion3(packet, reader.uint32()));
    const id = reader.uint32();
    if (id === undefined) throw new RangeError("an SFTP request without a number");
    if (this.#judging.has(id) || this.#opening.has(id) || this.#reading.has(id))
      throw new RangeError("two SFTP requests of one number");
    switch (type) {
      case SFTP.OPEN: {
        const path = reader.text();
        const flags = reader.uint32();
        if (path === undefined || flags === undefined) return this.#malformed(id);
        return this.#open(id, packet, path, flags);
      }
      case SFTP.CLOSE:
      case SFTP.READ:
      case SFTP.WRITE:
        return this.#onHandle(id, type, packet, reader);
      case SFTP.REMOVE:
        return this.#judged(id, packet, "rm", [reader.text()]);
      case SFTP.MKDIR:
        return this.#judged(id, packet, "mkdir", [reader.text()]);
      case SFTP.RMDIR:
        return this.#judged(id, packet, "rmdir", [reader.text()]);
      case SFTP.RENAME:
        return this.#judged(id, packet, "rename", [reader.text(), reader.text()]);
      case SFTP.SYMLINK:
        return this.#judged(id, packet, "symlink", [reader.text(), reader.text()]);
      case SFTP.SETSTAT:
        return this.#judged(id, packet, "setstat", [reader.text()]);
      case SFTP.EXTENDED:
        return this.#extended(id, packet, reader);
      case SFTP.FSTAT:
      case SFTP.FSETSTAT:
      case SFTP.READDIR:
        return this.#outlet.toTarget(packet);
      case SFTP.LSTAT:
      case SFTP.OPENDIR:
      case SFTP.REALPATH:
      case SFTP.STAT:
      case SFTP.READLINK:
        return this.#named(id, packet);
      default:
        return this.#judged(id, packet, "unknown", [`packet type ${type}`]);
    }
  }

  #extended(id: number, packet: Buffer, reader: PacketReader): void {
    const name = reader.text();
    if (name === undefined) return this.#malformed(id);
    if (HARMLESS_EXTENSIONS.has(name)) return this.#named(id, packet);
    if (name === "posix-rename@openssh.com") return this.#judged(id, packet, "rename", [reader.text(), reader.text()]);
    if (name === "hardlink@openssh.com") return this.#judged(id, packet, "hardlink", [reader.text(), reader.text()]);
    if (name === "lsetstat@openssh.com") return this.#judged(id, packet, "setstat", [reader.text()]);
    if (name === "copy-data") return this.#judged(id, packet, "extended", [name]);
    return this.#judged(id, packet, "extended", [name]);
  }

  #judged(id: number, packet: Buffer, verb: SftpRequest["verb"], paths: readonly (string | undefined)[]): void {
    const known = paths.filter((path) => path !== undefined);
    if (known.length < paths.length) return this.#malformed(id);
    this.#judge(id, packet, [{ verb, paths: known }], () => this.#outlet.toTarget(packet));
  }

  /** Nobody judges it, but it waits for those before it. */
  #named(id: number, packet: Buffer): void {
    if (this.#ordered.length === 0) return this.#outlet.toTarget(packet);
    if (this.#isFull(packet)) return this.#refuse(id, "too many requests at once");
    this.#keep({ run: () => this.#outlet.toTarget(packet), bytes: packet.length });
  }

  #isFull(packet: Buffer): boolean {
    return this.#ordered.length >= MAX_PENDING || this.#keptBytes + packet.length > MAX_KEPT_BYTES;
  }

  #keep(ordered: Ordered): void {
    this.#ordered.push(ordered);
    this.#keptBytes += ordered.bytes;
  }

  #runOrdered(): void {
    for (let first = this.#ordered[0]; first?.run !== undefined; first = this.#ordered[0]) {
      this.#ordered.shift();
      this.#keptBytes -= first.bytes;
      first.run();
    }
  }

  #open(id: number, packet: Buffer, path: string, flags: number): void {
    const reads = (flags & OPEN_FLAGS.READ) !== 0;
    const writes = (flags & (OPEN_FLAGS.WRITE | OPEN_FLAGS.APPEND | OPEN_FLAGS.CREAT | OPEN_FLAGS.TRUNC)) !== 0;
    const requests: SftpRequest[] = [];
    if (reads) requests.push({ verb: "get", paths: [path] });
    if (writes || !reads) requests.push({ verb: "put", paths: [path] });
    this.#judge(id, packet, requests, (operations) => {
      const [download, upload] = reads ? operations : [undefined, operations[0]];
      this.#opening.set(id, {
        path,
        flags,
        operations: { ...(download !== undefined && { download }), ...(upload !== undefined && { upload }) },
      });
      this.#outlet.toTarget(packet);
    });
  }

  #judge(
    id: number,
    packet: Buffer,
    requests: readonly SftpRequest[],
    then: (operations: readonly number[]) => void,
  ): void {
    if (this.#isFull(packet) || this.#files.size + this.#opening.size >= MAX_FILES)
      return this.#refuse(id, "too many requests or open files at once");
    this.#judging.add(id);
    const ordered: Ordered = { run: undefined, bytes: packet.length };
    this.#keep(ordered);
    void this.#decide(requests).then((decision) => {
      ordered.run = () => {
        this.#judging.delete(id);
        if (decision.ok) then(decision.operations);
        else this.#refuse(id, decision.message);
      };
      this.#runOrdered();
    });
  }

  async #decide(
    requests: readonly SftpRequest[],
  ): Promise<{ ok: true; operations: readonly number[] } | { ok: false; message: string }> {
    const operations: number[] = [];
    for (const request of requests) {
      const decision = await this.#outlet.judge(request).catch(() => ({ ok: false, message: "" }) as const);
      if (!decision.ok) return decision;
      operations.push(decision.operation);
    }
    return { ok: true, operations };
  }

  #onHandle(id: number, type: number, packet: Buffer, reader: PacketReader): void {
    const handle = reader.bytes()?.toString("latin1");
    if (handle === undefined) return this.#malformed(id);
    const file = this.#files.get(handle);
    if (type === SFTP.CLOSE) {
      this.#files.delete(handle);
      if (file !== undefined) this.#tell(file);
      return this.#outlet.toTarget(packet);
    }
    // a handle of a folder, or one that no open that was let in has given
    if (file === undefined) return this.#refuse(id, "not a file that was opened here");
    const offset = reader.uint64();
    if (offset === undefined) return this.#malformed(id);
    if (type === SFTP.READ) {
      if (this.#reading.size >= MAX_PENDING) return this.#refuse(id, "too many reads at once");
      this.#reading.set(id, { file, offset });
      return this.#outlet.toTarget(packet);
    }
    const data = reader.bytes();
    if (data === undefined) return this.#malformed(id);
    file.written?.add(offset, data);
    this.#outlet.toTarget(packet);
  }

  #reply(packet: Buffer): void {
    const type = packet[4];
    if (type === SFTP.VERSION) return this.#outlet.toClient(packet);
    const reader = new PacketReader(packet);
    const id = reader.uint32();
    if (id === undefined) throw new RangeError("an SFTP reply without a number");
    const opening = this.#opening.get(id);
    if (opening !== undefined) {
      this.#opening.delete(id);
      const handle = type === SFTP.HANDLE ? reader.bytes()?.toString("latin1") : undefined;
      if (handle !== undefined) this.#files.set(handle, opened(opening));
    }
    const reading = this.#reading.get(id);
    if (reading !== undefined) {
      this.#reading.delete(id);
      const data = type === SFTP.DATA ? reader.bytes() : undefined;
      if (data !== undefined) return this.#data(id, packet, data, reading);
    } else if (type === SFTP.DATA) {
      // nobody asked for it through here
      throw new RangeError("SFTP data that no read asked for");
    }
    this.#outlet.toClient(packet);
  }

  /** Other replies may overtake one that waits for its budget: each has its number. */
  #data(id: number, packet: Buffer, data: Buffer, { file, offset }: { file: OpenFile; offset: number }): void {
    const pass = (): void => {
      file.read?.add(offset, data);
      this.#outlet.toClient(packet);
    };
    const allowed = this.#outlet.spend(file.operations.download ?? 0, data.length);
    if (allowed === true) return pass();
    void allowed
      .catch(() => false)
      .then((granted) => (granted ? pass() : this.#refuse(id, "the budget of bytes is spent")));
  }

  #tell({ path, operations, read, written }: OpenFile): void {
    const ends = [
      { direction: "download", operation: operations.download, digest: read },
      { direction: "upload", operation: operations.upload, digest: written },
    ] as const;
    for (const { direction, operation, digest } of ends) {
      if (operation === undefined || digest === undefined) continue;
      const sha256 = digest.sha256();
      this.#outlet.moved({ operation, path, direction, bytes: digest.bytes, ...(sha256 !== undefined && { sha256 }) });
    }
  }

  #malformed(id: number): void {
    this.#outlet.toClient(statusPacket(id, STATUS.FAILURE, "malformed request"));
  }

  #refuse(id: number, message: string): void {
    this.#outlet.toClient(statusPacket(id, STATUS.PERMISSION_DENIED, message));
  }
}

/** Later versions have other fields in the same packets: a server is not asked for one. */
function ofVersion3(packet: Buffer, version: number | undefined): Buffer {
  if (version === undefined) throw new RangeError("an SFTP greeting without a version");
  const init = Buffer.from(packet);
  init.writeUInt32BE(Math.min(version, 3), 5);
  return init;
}

function opened({ path, operations }: Omit<OpenFile, "read" | "written">): OpenFile {
  return {
    path,
    operations,
    read: operations.download === undefined ? undefined : new FileDigest(),
    written: operations.upload === undefined ? undefined : new FileDigest(),
  };
}
